import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { after, test } from 'node:test';
import { cargoProject, manifest, offlineEnvironment } from '../../cargo/cargo-project.js';
import { needsRoot } from '../running/needs-root.js';
import { type BeeRun, profileWith, runBee } from '../running/run-bee.js';

const BURN = `pub fn burn() { let start = std::time::Instant::now(); while start.elapsed().as_millis() < 150 {} }`;
const TESTS = (name: string) => `#[test] fn ${name}() { burn() }`;

/** Every kind of crate whose tests cargo runs, each with one test of its own name. */
const WORKSPACE = {
  'Cargo.toml':
    '[workspace]\nmembers = ["plain", "macros", "shared", "custom", "documented"]\nresolver = "2"\n',
  'plain/Cargo.toml': manifest('plain'),
  'plain/src/lib.rs': `${BURN}\nmod tests { use super::*; ${TESTS('plain_unit')} }`,
  'plain/tests/whole.rs': `use plain::burn; ${TESTS('plain_whole')}`,
  'macros/Cargo.toml': manifest('macros', '[lib]\nproc-macro = true'),
  'macros/src/lib.rs': `${BURN.replace('pub ', '')}\n${TESTS('macro_unit')}`,
  'shared/Cargo.toml': manifest('shared', '[lib]\ncrate-type = ["cdylib"]'),
  'shared/src/lib.rs': `${BURN}\n${TESTS('shared_unit')}`,
  'custom/Cargo.toml': manifest('custom', '[[test]]\nname = "own"\nharness = false'),
  'custom/src/lib.rs': BURN,
  'custom/tests/own.rs': 'fn main() { custom::burn(); println!("own harness ran") }',
  'documented/Cargo.toml': manifest('documented'),
  'documented/src/lib.rs': `${BURN}\n/// \`\`\`\n/// documented::burn();\n/// \`\`\`\npub fn documented_item() {}`,
};

const cwd = cargoProject({ after }, WORKSPACE);

function request(...args: string[]) {
  return {
    command: 'cargo-profile-bee',
    cwd,
    env: offlineEnvironment(),
    args: ['--', 'test', ...args],
  } as const;
}

/** Names of the harnesses that ran, without the hash that cargo gives them. */
function harnesses({ summary }: BeeRun): string[] {
  const names = summary?.targets.map(({ argv }) => basename(argv[0] ?? '').replace(/-[0-9a-f]{16}$/, ''));
  return (names ?? []).toSorted();
}

for (const [name, harness] of [
  ['plain_unit', 'plain'],
  ['plain_whole', 'whole'],
  ['macro_unit', 'macros'],
  ['shared_unit', 'shared'],
] as const) {
  for (const form of [
    [name],
    ['--', name],
    ['--', '--exact', harness === 'plain' ? `tests::${name}` : name],
  ]) {
    test(`test ${form.join(' ')}: only the harness that holds it`, needsRoot, async () => {
      const run = await profileWith(request('--workspace', ...form));
      // A program with a harness of its own cannot be asked, and runs as under cargo.
      assert.deepEqual(harnesses(run), [harness, 'own'].toSorted());
      assert.match(run.stdout, new RegExp(`test (tests::)?${name} \\.\\.\\. ok`));
      assert.doesNotMatch(run.stdout, /running 0 tests/);
      assert.match(run.stderr, /note: \d+ harnesses without a matching test were not run/);
    });
  }
}

test('a doc test is found by its name', needsRoot, async () => {
  const run = await profileWith(request('-p', 'documented', '--', 'documented_item'));
  assert.match(run.stdout, /documented_item \(line 2\) \.\.\. ok/);
  assert.deepEqual(
    run.summary.targets.map(({ kind }) => kind),
    ['doctest'],
  );
  assert.ok(run.summary.samples.delivered > 20, String(run.summary.samples.delivered));
});

test('--doc alone', needsRoot, async () => {
  const run = await profileWith(request('-p', 'documented', '--doc'));
  assert.deepEqual(
    run.summary.targets.map(({ kind }) => kind),
    ['doctest'],
  );
});

test('without a name everything runs, as under cargo', needsRoot, async () => {
  const run = await profileWith(request('--workspace'));
  const known = ['custom', 'documented', 'macros', 'own', 'plain', 'shared', 'whole'];
  assert.deepEqual(
    harnesses(run).filter((name) => name !== 'rust_out'),
    known,
  );
  assert.match(run.stdout, /own harness ran/);
});

test('no test matches: a message, cargo’s exit code, and no picture', needsRoot, async () => {
  const run = await runBee(request('-p', 'plain', '-p', 'shared', 'no_such_test'));
  assert.equal(run.code, 0);
  assert.equal(run.svg, undefined);
  assert.equal(run.foldedText, undefined);
  assert.match(run.stderr, /no test matches \(asked 3 harnesses\)/);
  assert.deepEqual(run.summary?.outputs, []);
  assert.deepEqual(
    run.summary?.problems.map(({ code }) => code),
    ['nothing-ran'],
  );
  assert.deepEqual(run.leftBehind, []);
});

test('-- --list only lists', needsRoot, async () => {
  const run = await runBee(request('-p', 'plain', '--lib', '--', '--list'));
  assert.equal(run.code, 0);
  assert.match(run.stdout, /tests::plain_unit: test/);
  assert.equal(run.svg, undefined);
});
