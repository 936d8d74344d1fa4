import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArtifact } from '../../../src/cargo/build/build.js';
import { derivedProfileArguments, inheritedProfile } from '../../../src/cargo/build/derived-profile.js';
import { parseCargoCommand } from '../../../src/cargo/command/parse-cargo-command.js';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import { launchArguments, runnerArguments, tomlString } from '../../../src/cargo/launch/runner.js';
import type { UserRunner } from '../../../src/cargo/launch/user-runner.js';

test('the profile choice is taken out of the arguments and remembered', () => {
  assert.deepEqual(parseCargoCommand(['-rv', '--bin', 'a'], ['x']), {
    verb: 'run',
    args: ['-v', '--bin', 'a'],
    programArgs: ['x'],
    profileSelection: { kind: 'release' },
    profileFlags: ['-r'],
  });
  const named = parseCargoCommand(['t', '--profile=dist', 'name']);
  assert.deepEqual(named.profileSelection, { kind: 'named', name: 'dist' });
  assert.deepEqual([named.verb, named.args, named.profileFlags], ['test', ['name'], ['--profile=dist']]);
});

test('run hands its positional arguments to the program, flags of cargo among them', () => {
  const command = parseCargoCommand(['run', '--bin', 'a', 'first', '--release'], ['last']);
  assert.deepEqual(command.args, ['--bin', 'a']);
  assert.deepEqual(command.programArgs, ['first', '--release', '--', 'last']);
  assert.equal(command.profileSelection, undefined);
});

const REFUSED: [string, RegExp][] = [
  ['tets', /did you mean test\?/],
  ['build --release', /write run, test or bench/],
  ['b', /did you mean bench\?/],
  ['--release test', /^test --release$/],
  ['test --no-run', /leave out --no-run/],
  ['--message-format json', /leave out --message-format/],
  ['--message-format=json', /leave out --message-format/],
  ['--bench speed --features x', /^bench --bench speed --features x$/],
  ['--lib -r', /^test --lib -r$/],
  ['run --test=integration name', /^test --test=integration name$/],
  ['--all --bin a', /leave out --all; choose what to run with -p PACKAGE and --bin NAME/],
  ['--release --profile dist', /leave out --release or --profile dist/],
];

for (const [typed, advice] of REFUSED) {
  test(`refuses cargo ${typed}`, () => {
    const refused = (error: unknown) => error instanceof UsageError && advice.test(error.advice);
    assert.throws(() => parseCargoCommand(typed.split(' ')), refused);
  });
}

test('the derived profile inherits from the choice', () => {
  const symbols = ['debug=1', 'strip="none"', 'split-debuginfo="off"'];
  const settings = ['inherits="release"', ...symbols, ...symbols.map((text) => `package."*".${text}`)];
  assert.deepEqual(derivedProfileArguments('run', { kind: 'release' }), [
    '--profile',
    'profile-bee',
    ...settings.flatMap((text) => ['--config', `profile.profile-bee.${text}`]),
  ]);
  assert.equal(inheritedProfile('bench', { kind: 'release' }), 'bench');
  assert.equal(inheritedProfile('bench', { kind: 'dev' }), 'dev');
  assert.equal(inheritedProfile('test', { kind: 'named', name: 'dist' }), 'dist');
  assert.deepEqual(derivedProfileArguments('test', 'as-is'), []);
  assert.deepEqual(derivedProfileArguments('run', { kind: 'named', name: 'profile-bee' }), [
    '--profile',
    'profile-bee',
  ]);
});

test('a package that the inherited profile overrides is overridden again', () => {
  const args = derivedProfileArguments('run', { kind: 'release' }, ['one@1.0.0', '*']).filter((it) =>
    it.includes('package'),
  );
  const of = (spec: string) =>
    ['debug=1', 'strip="none"', 'split-debuginfo="off"'].map(
      (text) => `profile.profile-bee.package."${spec}".${text}`,
    );
  assert.deepEqual(args, [...of('*'), ...of('one@1.0.0')]);
});

const NO_RUNNER: UserRunner = { triple: 'x86_64-unknown-linux-gnu', words: [], form: 'array' };

test('the runner is TOML whatever the paths hold', () => {
  assert.deepEqual(runnerArguments(['/a b/bee-gate', '/tmp/"q"\\s'], NO_RUNNER), [
    '--config',
    'target."x86_64-unknown-linux-gnu".runner=["/a b/bee-gate","/tmp/\\"q\\"\\\\s"]',
  ]);
  assert.equal(tomlString('tab\t nl\n é 🐝 \u007f'), '"tab\\u0009 nl\\u000a é 🐝 \\u007f"');
});

test('only run is launched quietly, and never against a choice of the user', () => {
  assert.deepEqual(launchArguments('run', ['--bin', 'a'], [], ['x']), ['run', '-q', '--bin', 'a', '--', 'x']);
  assert.deepEqual(launchArguments('run', ['-vv'], [], []), ['run', '-vv']);
  assert.deepEqual(launchArguments('run', ['--quiet'], [], []), ['run', '--quiet']);
  assert.deepEqual(launchArguments('test', ['a'], ['--config', 'r'], []), ['test', 'a', '--config', 'r']);
  assert.deepEqual(
    launchArguments('nextest', ['a'], ['--config', 'r'], ['x']),
    ['nextest', 'run', '--config', 'r', 'a', '--', 'x'],
    'the first runner counts there',
  );
  assert.deepEqual(launchArguments('test', ['name'], [], ['--exact']), ['test', 'name', '--', '--exact']);
});

test('lines that are not artifacts with an executable are skipped', () => {
  for (const line of ['hello', '', '{ broken', '{"reason":"build-finished","success":true}']) {
    assert.equal(parseArtifact(line), undefined);
  }
});
