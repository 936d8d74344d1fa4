import { test } from 'node:test';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { compiledCppFixture } from '../unwinding/unwinding-fixture.js';
import { assertPerfAgrees } from './assert-perf-agreement.js';

for (const { program, args } of [
  { program: 'server', args: ['--seconds', '4'] },
  { program: 'threads', args: ['--rounds', '150'] },
  { program: 'inlining', args: ['--seconds', '3'] },
  { program: 'origins', args: ['--seconds', '3'] },
]) {
  test(`${program}: agrees with perf record --call-graph dwarf`, needsRoot, () =>
    assertPerfAgrees([builtProgram(program), ...args]),
  );
}

// Static: for private functions of libraries perf names the nearest exported one.
test('exceptions of C++: agrees with perf record --call-graph dwarf', needsRoot, () =>
  assertPerfAgrees([compiledCppFixture('throws', '-g', '-static-libgcc', '-static-libstdc++'), '50000']),
);
