import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { assertChain, chainPercent } from '../kernel/results/assert-chain.js';
import type { SummaryTarget } from '../kernel/results/summary.js';
import { programsWorkspace } from '../kernel/running/fixture-programs.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { type BeeRequest, profileWith, runBee, wholeProfile } from '../kernel/running/run-bee.js';
import { runInTerminal } from '../kernel/running/run-in-terminal.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { installedNextest } from './installed-nextest.js';

let path: string;
before(() => {
  path = `${installedNextest()}:${process.env.PATH}`;
});

/** `cargo-profile-bee -- nextest …` with cargo-nextest on the PATH. */
function nextest(args: readonly string[], cwd = programsWorkspace()): BeeRequest {
  const env = { PATH: path, NEXTEST_PROFILE: undefined };
  const ours = ['--frequency', '997', '--', 'nextest'];
  return { command: 'cargo-profile-bee', args: [...ours, ...args], cwd, env };
}

/** The names of the tests in the order of the alphabet; each has a process that was started for it alone. */
function testNames(targets: readonly SummaryTarget[]): string[] {
  for (const { argv, kind } of targets) {
    assert.equal(kind, 'test');
    assert.deepEqual([argv.at(-3), argv.at(-1)], ['--exact', '--nocapture'], argv.join(' '));
  }
  assert.equal(new Set(targets.map(({ pid }) => pid)).size, targets.length);
  return targets.map(({ argv }) => argv.at(-2) ?? '').sort();
}

const ALL = ['first_burns', 'second_burns', 'tests::unit_burns', 'tests::unit_rests'];

test('each test is a process of its own; the calls that list are not there', needsRoot, async () => {
  const { summary, stacks, stderr } = await profileWith(nextest(['run', '-p', 'harnesses']));
  assert.match(stderr, /4 tests run: 4 passed/);
  assert.deepEqual(testNames(summary.targets), ALL);
  for (const name of ['first_burn', 'second_burn', 'unit_burns'])
    assertChain(stacks, [name, 'harnesses::checksum'], 20);
});

test('the name of the test is the root', needsRoot, async () => {
  const { stacks } = await profileWith(nextest(['run', '-p', 'harnesses']));
  const roots = new Set(stacks.map(({ frames }) => frames[0] ?? ''));
  assert.deepEqual(
    [...roots].sort().filter((root) => root !== 'tests::unit_rests'),
    ALL.slice(0, 3),
  );
  for (const burning of ALL.slice(0, 3)) {
    const below = stacks.filter(({ frames }) => frames[0] === burning);
    assertChain(below, [burning, 'harnesses::checksum'], 90);
  }
});

test('nextest chooses by name and by filterset, before and after its flags', needsRoot, async () => {
  const byName = await profileWith(nextest(['--color', 'never', 'run', '-p', 'harnesses', 'first']));
  assert.deepEqual(testNames(byName.summary.targets), ['first_burns']);
  const byExpression = await profileWith(
    nextest(['r', '-E', 'test(unit_burns)', '-j', '1', '-p', 'harnesses']),
  );
  assert.deepEqual(testNames(byExpression.summary.targets), ['tests::unit_burns']);
});

test("-r is absorbed, --cargo-profile is derived from, --profile is nextest's own", needsRoot, async () => {
  const only = ['-p', 'harnesses', 'unit_rests'];
  const optLevel = async (...flags: string[]): Promise<unknown> => {
    const { summary } = await profileWith(nextest(['run', ...flags, ...only]));
    assert.deepEqual(testNames(summary.targets), ['tests::unit_rests']);
    return (summary.targets[0] as SummaryTarget & { optLevel: string }).optLevel;
  };
  assert.equal(await optLevel('-r'), '3');
  assert.equal(await optLevel('--cargo-profile', 'dev', '--profile', 'default'), '0');
  const unknown = await runBee(nextest(['run', '--profile', 'absent', ...only]));
  assert.equal(unknown.code, 96, unknown.stderr);
});

test("nextest's exit codes: 100 for a failing test, 4 for none", needsRoot, async () => {
  const failing = await profileWith(nextest(['run', '-p', 'harnesses', '--run-ignored', 'only']), 100);
  assert.match(failing.stderr, /1 failed/);
  assertChain(failing.stacks, ['unit_fails', 'harnesses::checksum'], 50);
  const none = await runBee(nextest(['run', '-p', 'harnesses', 'absent']));
  assert.equal(none.code, 4, none.stderr);
  assert.equal(none.svg, undefined, 'no empty picture');
});

test("the user's runner stays, for the tests and for the calls that list", needsRoot, async () => {
  for (const runner of [
    "target.'cfg(unix)'.runner=['env','MARK=kept']",
    `${triple()}.runner='env MARK=kept'`,
  ]) {
    const args = ['run', '-p', 'harnesses', 'unit_rests', '--config', runner];
    const { summary } = await profileWith(nextest(args));
    assert.deepEqual(testNames(summary.targets), ['tests::unit_rests']);
    assert.deepEqual(summary.targets[0]?.argv.slice(0, 2), ['env', 'MARK=kept']);
  }
});

function triple(): string {
  return `target.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu`;
}

/** A test that goes on after SIGINT for a second of CPU time, and one that waits behind it. */
const INTERRUPTED = `
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
extern "C" fn on_interrupt(_: i32) { INTERRUPTED.store(true, SeqCst); }
unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn clock() -> i64;
}
fn cpu_seconds() -> f64 { unsafe { clock() as f64 / 1e6 } }

#[inline(never)]
fn until_interrupted() { while !INTERRUPTED.load(SeqCst) { std::hint::spin_loop() } std::hint::black_box(()); }
#[inline(never)]
fn after_interrupt() { let end = cpu_seconds() + 1.0; while cpu_seconds() < end {} std::hint::black_box(()); }

#[test]
fn a_goes_on() {
    unsafe { signal(2, on_interrupt) };
    println!("ready");
    until_interrupted();
    after_interrupt();
}
#[test]
fn b_is_cancelled() {}
`;

function interruptedProject(): string {
  const directory = scratchDirectory();
  mkdirSync(join(directory, 'tests'));
  writeFileSync(
    join(directory, 'Cargo.toml'),
    '[package]\nname = "interrupted"\nversion = "0.1.0"\nedition = "2024"\n',
  );
  writeFileSync(join(directory, 'tests/interrupted.rs'), INTERRUPTED);
  return directory;
}

test('Ctrl-C: the profile ends with the last test, which is whole', needsRoot, async () => {
  // Not captured, so that it is seen when the test is ready; one runs at a time then.
  const request = nextest(['run', '--no-capture'], interruptedProject());
  const run = wholeProfile(await runInTerminal(request, /^ready/m), 100);
  assertChain(run.stacks, ['a_goes_on', 'until_interrupted'], 20);
  assertChain(run.stacks, ['a_goes_on', 'after_interrupt'], 20);
  assert.equal(chainPercent(run.stacks, ['b_is_cancelled']), 0);
  assert.deepEqual(testNames(run.summary.targets), ['a_goes_on']);
});
