import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { CaptureError } from '../../../src/capture/capture-error.js';
import { checkProcess, readProcessFacts } from '../../../src/capture/machine/process-facts.js';
import { explainCapture } from '../../../src/surfaces/cli/command-line/errors/capture-error-texts.js';

function refusal(pid: number): string {
  try {
    checkProcess(pid);
  } catch (error) {
    assert.ok(error instanceof CaptureError && error.code === 'no-such-process');
    return explainCapture(error).cause;
  }
  return 'accepted';
}

test('a running process is accepted, and described', () => {
  assert.equal(refusal(process.pid), 'accepted');
  const { argv, cwd, executable, uid } = readProcessFacts(process.pid);
  assert.equal(executable, process.execPath);
  assert.equal(cwd, process.cwd());
  assert.equal(uid, process.getuid?.());
  assert.ok(argv.length > 0);
});

test('a thread is refused, with its process', () => {
  const thread = readdirSync('/proc/self/task').find((tid) => Number(tid) !== process.pid);
  assert.match(refusal(Number(thread)), new RegExp(`thread of process ${process.pid}`));
});

test('a process that has ended is refused, whether its parent has noticed or not', async () => {
  const child = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const zombie = Number(String(output));
  while (!refusal(zombie).includes('zombie')) {
    assert.equal(refusal(zombie), 'accepted');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill();
  await once(child, 'exit');
  assert.match(refusal(child.pid!), /no such process/);
});

test('what belongs to nobody has empty facts', () => {
  assert.deepEqual(readProcessFacts(2 ** 22 + 1), { uid: -1, executable: '', argv: [], cwd: '' });
});
