import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { ProblemList } from '../../../src/account/problems/problem-list.js';
import { CaptureError, type CaptureErrorCode } from '../../../src/capture/capture-error.js';
import { CargoFailure } from '../../../src/cargo/build/cargo-failure.js';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import { NativeError } from '../../../src/ffi/native-error.js';
import { exitCodeOf } from '../../../src/run/targets/prepared-target.js';
import { explainCapture } from '../../../src/surfaces/cli/command-line/errors/capture-error-texts.js';
import { STATUS_OF_CAPTURE_ERROR } from '../../../src/surfaces/cli/command-line/errors/exit-status.js';
import { explain } from '../../../src/surfaces/cli/command-line/explain.js';
import { Terminal } from '../../../src/surfaces/cli/terminal/terminal.js';
import { ERROR_SAMPLES } from './errors/samples.js';

let written = '';
beforeEach(() => {
  written = '';
  mock.method(process.stderr, 'write', (text: string) => {
    written += text;
    return true;
  });
});
afterEach(() => mock.restoreAll());

const CODES: [CaptureErrorCode, number, string][] = [
  ['not-privileged', 77, 'privilege'],
  ['not-permitted', 77, 'privilege'],
  ['over-bound', 77, 'privilege'],
  ['setup', 125, 'profiler'],
  ['no-such-process', 2, 'usage'],
  ['no-native', 125, 'profiler'],
  ['kernel', 125, 'profiler'],
  ['sampler', 125, 'profiler'],
  ['pid-namespace', 77, 'privilege'],
  ['user-namespace', 77, 'privilege'],
  ['seccomp', 77, 'privilege'],
  ['security-module', 77, 'privilege'],
  ['perf-event-paranoid', 77, 'privilege'],
  ['locked-memory', 77, 'privilege'],
  ['no-btf', 125, 'profiler'],
  ['no-ring-buffer', 125, 'profiler'],
  ['no-bpf-loop', 125, 'profiler'],
  ['lockdown', 125, 'profiler'],
  ['thirty-two-bit', 2, 'usage'],
  ['event-unsupported', 2, 'usage'],
  ['no-directory', 125, 'profiler'],
];

test('every code of the capture is among them', () => {
  assert.deepEqual(CODES.map(([code]) => code).sort(), Object.keys(STATUS_OF_CAPTURE_ERROR).sort());
});

test('an answer of the file system that nobody expected is told as such', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bee-'));
  symlinkSync('loop', join(folder, 'loop'));
  const answers: [path: string, says: string][] = [
    ['loop/file', 'too many symbolic links encountered (ELOOP)'],
    ['x'.repeat(300), 'name too long (ENAMETOOLONG)'],
    ['\u0000', 'profiler failed'],
  ];
  for (const [name, says] of answers) {
    const path = `${folder}/${name}`;
    const { code } = explain(
      errorOf(() => statSync(path)),
      new Terminal('normal'),
    );
    assert.equal(code, 125);
    assert.ok(written.includes(says), written);
    assert.equal(written.includes('please report'), says === 'profiler failed', written);
    assert.ok(says === 'profiler failed' || written.includes(`cannot look at ${path}: `), written);
    written = '';
  }
  rmSync(folder, { recursive: true });
});

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

for (const [code, exitCode, source] of CODES) {
  test(`${code}: exit ${exitCode}, with what was attempted, why, and what to type`, () => {
    for (const { facts, cause } of ERROR_SAMPLES[code]) {
      const error = new CaptureError(facts, cause);
      const { attempted, cause: reason, advice } = explainCapture(error);
      const problems = new ProblemList();
      const status = explain(error, new Terminal('normal'), problems);
      assert.deepEqual([status.code, status.source], [exitCode, source]);
      const sentence = `cannot ${attempted}: ${reason}`;
      assert.equal(written, [`error: ${sentence}`, ...advice.map((line) => `  ${line}`), ''].join('\n'));
      assert.deepEqual(problems.toJSON(), [{ code, message: sentence, count: 1 }]);
      written = '';
    }
  });
}

test('bad usage: exit 2; --quiet does not silence errors', () => {
  const status = explain(new UsageError('it makes no sense', 'type this'), new Terminal('quiet'));
  assert.deepEqual([status.code, status.source], [2, 'usage']);
  assert.match(written, /it makes no sense\n +type this\n$/);
});

test('cargo’s failure keeps cargo’s code; what cargo has said is not said again', () => {
  const silent = explain(new CargoFailure('cargo build failed', 101, true), new Terminal('normal'));
  assert.deepEqual([silent.code, silent.source, written], [101, 'cargo', '']);
  explain(new CargoFailure('cannot start cargo', 127, false, 'install Rust'), new Terminal('normal'));
  assert.match(written, /cannot start cargo\n *install Rust\n$/);
});

test('a libbee that does not fit: 125, and what to type', () => {
  const error = new NativeError(
    'EPROTONOSUPPORT',
    'load libbee',
    '/opt/libbee.so has ABI 8, and this needs 9',
  );
  const problems = new ProblemList();
  const { code, source } = explain(error, new Terminal('normal'), problems);
  assert.deepEqual([code, source, problems.toJSON()[0]?.code], [125, 'profiler', 'no-native']);
  assert.match(written, /^error: cannot load libbee: \/opt\/libbee\.so has ABI 8, .*\n {2}npm install -g /);
});

test('anything else is the profiler’s own failure: 125', () => {
  assert.deepEqual(explain(new TypeError('x is not a function'), new Terminal('normal')).code, 125);
});

test('a signal becomes 128 + its number, as in a shell', () => {
  assert.equal(exitCodeOf({ code: 3, signal: null }), 3);
  assert.equal(exitCodeOf({ code: null, signal: 'SIGKILL' }), 137);
  assert.equal(exitCodeOf({ code: null, signal: 'SIGINT' }), 130);
  assert.equal(exitCodeOf({ code: null, signal: 'SIGRTMIN+3' }), 165);
});
