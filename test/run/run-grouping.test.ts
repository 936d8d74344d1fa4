import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservedProcess } from '../../src/capture/capture-session.js';
import type { CargoTarget } from '../../src/cargo/launch/cargo-run.js';
import { groupingProblems, wholeName } from '../../src/run/run-grouping.js';
import { cargoGroupOf, groupOfFile } from '../../src/run/targets/group-of-process.js';
import type { Grouping } from '../../src/symbolize/grouping/grouping.js';

const PACKAGES = [{ name: 'pkg', version: '1.0.0', directory: '/ws/pkg', isWorkspaceMember: true }];
const TARGET: CargoTarget = {
  package: 'pkg',
  targetName: 'it',
  kind: 'test',
  binaryId: 'pkg::it',
  profile: 'profile-bee',
  optLevel: '3',
  debuginfo: '1',
  dependencies: [],
  executable: '/ws/target/profile-bee/deps/it-0123',
  sourcePath: '/ws/pkg/tests/it.rs',
};

function observed(fields: Partial<ObservedProcess>): ObservedProcess {
  return { pid: 7, root: 1, uid: 0, executable: '/bin/true', argv: [], cwd: '/ws', libraries: [], ...fields };
}

test('a process is called by its file, also when that is gone or not to be seen', () => {
  const names = ['/usr/bin/make', '/t/server (deleted)', ''].map(
    (executable) => groupOfFile(observed({ executable })).binaryName,
  );
  assert.deepEqual(names, ['make', 'server', 'pid 7']);
});

test('what cargo runs is called by its binary id; only under nextest the arguments name its test', () => {
  const argv = ['env', TARGET.executable, '--exact', 'tests::one', '--nocapture'];
  const runner = observed({ executable: '/usr/bin/env', argv });
  const of = { isDoctest: false, isNextest: true, packages: PACKAGES };
  const group = { binaryName: 'pkg::it', executable: TARGET.executable };
  assert.deepEqual(cargoGroupOf(runner, TARGET, of), { ...group, testName: 'tests::one' });
  assert.deepEqual(cargoGroupOf(runner, TARGET, { ...of, isNextest: false }), {
    ...group,
    testName: undefined,
  });
  assert.deepEqual(cargoGroupOf(runner, undefined, of), { binaryName: 'env' });
});

test('an example of documentation is called by the package in whose directory it runs', () => {
  const of = { isDoctest: true, isNextest: false, packages: PACKAGES };
  const names = ['/ws/pkg', '/ws'].map(
    (cwd) =>
      cargoGroupOf(observed({ cwd, executable: '/tmp/rustdoctestX/rust_out' }), undefined, of).binaryName,
  );
  assert.deepEqual(names, ['pkg::doctest', 'doctest']);
});

test('what could not be told apart is a problem of the run', () => {
  const grouping: Grouping = { by: 'test', processes: [], hasAllStarters: true };
  const codes = (of: Partial<Grouping>, groups: Record<string, number>) =>
    groupingProblems({ ...grouping, ...of }, new Map(Object.entries(groups))).map(({ code }) => code);
  assert.deepEqual(codes({}, { 'tests::one': 5, '[outside of tests]': 1 }), []);
  assert.deepEqual(codes({}, { '[outside of tests]': 6 }), ['no-tests']);
  assert.deepEqual(codes({ hasAllStarters: false }, { 'tests::one': 5 }), ['starters-full']);
  assert.deepEqual(codes({ by: 'binary' }, { pkg: 5, '[unknown process]': 2 }), ['unknown-process']);
  assert.deepEqual(groupingProblems({ ...grouping, by: 'none' }, undefined), []);
});

test('the only part of a picture without roots is called by the binary, of several by the target', () => {
  const process = { root: 1, pid: 7, executable: '/a', binaryName: 'a' };
  const name = (...binaryNames: string[]) => {
    const processes = binaryNames.map((binaryName) => ({ ...process, binaryName }));
    return wholeName({ by: 'none', processes, hasAllStarters: true }, 'pkg-test');
  };
  assert.deepEqual([name('a'), name('a', 'a'), name('a', 'b')], ['a', 'a', 'pkg-test']);
});
