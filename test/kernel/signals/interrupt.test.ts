import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { wholeProfile } from '../running/run-bee.js';
import { runInTerminal } from '../running/run-in-terminal.js';

test('Ctrl-C once reaches a cargo-run program once, and the outputs are whole', needsRoot, async () => {
  const args = ['--frequency', '997', '--', '--release', '--bin', 'interrupt'];
  const request = { command: 'cargo-profile-bee', args, cwd: programsWorkspace() } as const;
  const run = wholeProfile(await runInTerminal(request, /ready \d+/));
  assert.match(run.stdout, /interrupts: 1\b/);
  assert.equal(run.summary.exit.source, 'target');
  assertChain(run.stacks, ['interrupt::main', 'work_until_interrupt'], 40);
  assertChain(run.stacks, ['interrupt::main', 'work_after_interrupt'], 5);
});

test('Ctrl-C once reaches a command of profile-bee once, and the outputs are whole', needsRoot, async () => {
  const args = ['--frequency', '997', '--', builtProgram('interrupt')];
  const run = wholeProfile(await runInTerminal({ command: 'profile-bee', args }, /ready \d+/));
  assert.match(run.stdout, /interrupts: 1\b/);
  assertChain(run.stacks, ['interrupt::main', 'work_until_interrupt'], 40);
});

test('Ctrl-C ends a program that does not handle it: 130, and the outputs are whole', needsRoot, async () => {
  const args = [
    '--frequency',
    '997',
    '--',
    '/bin/sh',
    '-c',
    `echo ready; exec ${builtProgram('spin')} --seconds 60`,
  ];
  const run = wholeProfile(await runInTerminal({ command: 'profile-bee', args }, /ready/), 130);
  assertChain(run.stacks, ['spin::main', 'spin::nest'], 90);
});
