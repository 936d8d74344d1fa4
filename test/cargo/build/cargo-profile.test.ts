import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ProfileSelection } from '../../../src/cargo/build/derived-profile.js';
import { parseRootUnits } from '../../../src/cargo/build/unit-graph.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';
import { prepareCargoRun } from '../launch/prepare-cargo-run.js';

const HELLO = 'fn main() { lesser::say() }';

/** A program with one dependency that is not of its workspace. */
function project(t: TestContext, profiles = ''): string {
  const root = cargoProject(t, {
    'app/Cargo.toml': `${manifest('app', '[dependencies]\nlesser = { path = "../lesser" }')}\n[workspace]\n${profiles}`,
    'app/src/main.rs': HELLO,
    'app/benches/quick.rs': 'fn main() {}',
    'lesser/Cargo.toml': manifest('lesser'),
    'lesser/src/lib.rs': 'pub fn say() {}',
  });
  return join(root, 'app');
}

async function prepare(
  cwd: string,
  cargoArgs: string[] = [],
  more: { ourProfile?: ProfileSelection; env?: NodeJS.ProcessEnv } = {},
) {
  const env = { ...offlineEnvironment(), ...more.env };
  const run = await prepareCargoRun({ cargoArgs, programArgs: undefined, cwd, ...more, env });
  return { notes: run.notes, targets: run.targets.map(({ profile, debuginfo }) => ({ profile, debuginfo })) };
}

const DERIVED = [{ profile: 'profile-bee', debuginfo: '1' }];
const OWN: [string, string, string[], NodeJS.ProcessEnv, ReturnType<typeof Object>][] = [
  ['debug = true', '[profile.release]\ndebug = true', [], {}, { profile: 'release', debuginfo: '2' }],
  [
    'debug = "limited"',
    '[profile.release]\ndebug = "limited"',
    ['-r'],
    {},
    { profile: 'release', debuginfo: '1' },
  ],
  ['the environment', '', [], { CARGO_PROFILE_RELEASE_DEBUG: '1' }, { profile: 'release', debuginfo: '1' }],
  [
    'a profile of its own',
    '[profile.dist]\ninherits = "release"\ndebug = 1',
    ['--profile', 'dist'],
    {},
    { profile: 'dist', debuginfo: '1' },
  ],
  ['--config', '', ['--config', 'profile.release.debug=1'], {}, { profile: 'release', debuginfo: '1' }],
];
for (const [what, profiles, args, env, expected] of OWN) {
  test(`symbols by ${what}: the user's profile, and no second build`, async (t) => {
    const cwd = project(t, profiles);
    const { targets } = await prepare(cwd, args, { env });
    assert.deepEqual(targets, [expected]);
    assert.ok(!existsSync(join(cwd, 'target/profile-bee')));
  });
}

for (const settings of [
  '',
  'debug = 0',
  'debug = "line-tables-only"',
  'debug = 1\nstrip = true',
  'debug = 1\nstrip = "debuginfo"',
  'debug = 1\nsplit-debuginfo = "packed"',
  'debug = 1\n[profile.release.package.app]\ndebug = 0',
]) {
  test(`release with ${JSON.stringify(settings)}: a profile derived from it`, async (t) => {
    assert.deepEqual((await prepare(project(t, `[profile.release]\n${settings}`))).targets, DERIVED);
  });
}

test('bench: the bench profile with symbols is used as it is', async (t) => {
  const cwd = project(t, '[profile.bench]\ndebug = 1');
  const { targets } = await prepare(cwd, ['bench', '--bench', 'quick']);
  assert.deepEqual(targets, [{ profile: 'bench', debuginfo: '1' }]);
});

test('--as-is builds what cargo would, without symbols where it has none', async (t) => {
  const { targets } = await prepare(project(t), ['-r'], { ourProfile: 'as-is' });
  assert.deepEqual(targets, [{ profile: 'release', debuginfo: '0' }]);
});

test('one line says why dependencies are built, when they are', async (t) => {
  const cwd = project(t);
  const [first, ...more] = (await prepare(cwd)).notes;
  assert.match(first ?? '', /^building dependencies once for profile profile-bee \(release with symbols\)/);
  assert.deepEqual(more, []);
  assert.deepEqual((await prepare(cwd)).notes, [], 'everything is up to date');
  writeFileSync(join(cwd, 'src/main.rs'), `${HELLO} // changed`);
  assert.deepEqual((await prepare(cwd)).notes, [], 'only the program is built');
  writeFileSync(join(cwd, '../lesser/src/lib.rs'), 'pub fn say() { print!("") }');
  assert.match(
    (await prepare(cwd)).notes[0] ?? '',
    /^building dependencies that profile profile-bee has not built yet: /,
  );
  const dev = (await prepare(cwd, [], { ourProfile: { kind: 'dev' } })).notes;
  assert.match(dev[0] ?? '', /^building dependencies: profile dev has no build yet/);
});

test('a unit graph of another version says nothing', () => {
  assert.equal(parseRootUnits('{"version":2,"units":[],"roots":[]}'), undefined);
});
