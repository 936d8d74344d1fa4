import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { checkedUnwinding } from './check-unwinding.js';

const LEAST_CHECKED = 1_000;

const recursion = `
import json, time
end = time.process_time() + 1
def walk(depth): return json.dumps(list(range(50))) if depth == 0 else walk(depth - 1)
while time.process_time() < end: walk(60)`;

const programs: { name: string; command: () => string[]; flags?: string[] }[] = [
  { name: 'a server in Rust', command: () => [builtProgram('server'), '--seconds', '1'] },
  {
    name: 'the same by frame pointers',
    command: () => [builtProgram('server'), '--seconds', '1'],
    flags: ['--unwind', 'fp'],
  },
  { name: 'CPython', command: () => ['python3', '-c', recursion] },
];

for (const { name, command, flags = [] } of programs) {
  test(`${name}: two unwinders find the same frames`, needsRoot, async () => {
    const { summary, checked, prefixOnly, unchecked } = await checkedUnwinding(
      command(),
      '-F',
      '4999',
      ...flags,
    );
    assert.ok(checked >= LEAST_CHECKED, `${checked} stacks checked`);
    assert.ok(checked + unchecked <= summary.samples.fired, `${checked} checked of ${summary.samples.fired}`);
    assert.ok(prefixOnly < checked / 2, `${prefixOnly} of ${checked} were compared in part`);
  });
}
