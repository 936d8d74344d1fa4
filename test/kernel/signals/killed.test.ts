import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertAccounts } from '../results/assert-summary.js';
import { parseFolded, totalCount } from '../results/folded-stacks.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { whatIsLeftBehind } from '../running/left-behind.js';
import { needsRoot } from '../running/needs-root.js';
import { readFiles } from '../running/run-bee.js';
import { isAlive, readProc, samplerOf, startBee, untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

const AT_997_HZ = ['--frequency', '997', '--'];

const KINDS = ['prog', 'map', 'link'] as const;

/** BPF programs, maps and links that a process holds: `prog 12`. */
function kernelObjectsOf(pid: number): string[] {
  const texts = readdirSync(`/proc/${pid}/fdinfo`).map((name) => readProc(pid, `fdinfo/${name}`));
  return texts.flatMap((text) =>
    [...text.matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm)].map(([, kind, id]) => `${kind} ${id}`),
  );
}

function livingOf(objects: readonly string[]): string[] {
  const now = KINDS.flatMap((kind) => {
    const all = JSON.parse(execFileSync('bpftool', ['-j', kind, 'show'], { encoding: 'utf8' }));
    return (all as { id: number }[]).map(({ id }) => `${kind} ${id}`);
  });
  return objects.filter((object) => now.includes(object));
}

test(
  'the sampler is killed: what came is written and says so everywhere; 125; nothing stays',
  needsRoot,
  async () => {
    const done = join(scratchDirectory(), 'done');
    const script = `${builtProgram('spin')} --seconds 5 && touch ${done}`;
    const running = startBee({ command: 'profile-bee', args: [...AT_997_HZ, '/bin/sh', '-c', script] });
    const { scratch } = running;
    await untilTrue('it samples', () => samplerOf(scratch) !== undefined);
    const sampler = samplerOf(scratch)!;
    await sleep(3_000);
    const objects = kernelObjectsOf(sampler);
    assert.deepEqual(livingOf(objects), objects);
    for (const kind of KINDS) assert.match(objects.join(), new RegExp(kind));
    process.kill(sampler, 'SIGKILL');
    await untilTrue(
      'outputs are written while the program goes on',
      () => readFiles(scratch).svg !== undefined,
    );
    assert.ok(!existsSync(done), 'the program goes on');
    await untilTrue('the kernel has freed its objects', () => livingOf(objects).length === 0);

    const { code } = await running.ended;
    assert.equal(code, 125, running.said());
    assert.ok(existsSync(done), 'the program came to its end');
    const { summary, foldedText, svg } = readFiles(scratch);
    assert.deepEqual(summary?.exit, { code: 125, source: 'profiler', signal: null });
    const stacks = parseFolded(foldedText!);
    assertAccounts(summary!, stacks);
    const total = totalCount(stacks);
    const { expected } = summary!.samples; // of the CPU time until a second before, at most
    assert.ok(expected > 100 && total > expected / 2, `${total} samples, ${expected} expected`);
    const cutOff = /cut off after \d\.\d s.*bee-sampler was killed by SIGKILL/;
    assert.match(running.said(), cutOff);
    assert.match(svg!.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '), /⚠ the profile is cut off after/);
    assert.match(summary!.problems.find(({ code }) => code === 'cut-off')?.message ?? '', cutOff);
    assert.deepEqual(await whatIsLeftBehind(scratch), []);
  },
);

test(
  'killed before a second of samples has come, there is no picture that could mislead',
  needsRoot,
  async () => {
    const args = [...AT_997_HZ, builtProgram('spin'), '--seconds', '2'];
    const running = startBee({ command: 'profile-bee', args });
    const { scratch } = running;
    await untilTrue(
      'it samples',
      () => samplerOf(scratch) !== undefined && programOf(running.pid) !== undefined,
    );
    process.kill(samplerOf(scratch)!, 'SIGKILL');
    const { code } = await running.ended;
    assert.equal(code, 125, running.said());
    const { summary, svg, foldedText } = readFiles(scratch);
    assert.deepEqual([svg, foldedText, summary?.outputs], [undefined, undefined, []]);
    assert.deepEqual(await whatIsLeftBehind(scratch), []);
  },
);

/** Its child that is neither gate nor sampler any more. */
function programOf(pid: number): number | undefined {
  const children = readProc(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.find((child) => readProc(child, 'comm').trim() === 'spin');
}

test(
  'the profiler is killed: the sampler ends and removes its sockets, the program goes on',
  needsRoot,
  async () => {
    const running = startBee({
      command: 'profile-bee',
      args: [...AT_997_HZ, builtProgram('spin'), '--seconds', '3'],
    });
    const { scratch } = running;
    await untilTrue('the program works', () => programOf(running.pid) !== undefined);
    const [program, sampler] = [programOf(running.pid)!, samplerOf(scratch)!];
    await sleep(500);
    process.kill(running.pid, 'SIGKILL');
    await untilTrue('the sampler has ended', () => !isAlive(sampler));
    assert.ok(isAlive(program), 'the program goes on');
    assert.deepEqual(readdirSync(join(scratch, 'tmp')), []);
    const reserved = readdirSync(scratch).filter((name) => name !== 'tmp');
    assert.ok(
      reserved.every((name) => /\.bee-[0-9a-f]{8}\.tmp$/.test(name)),
      reserved.join(),
    );
    process.kill(program, 'SIGKILL');

    const next = startBee({ command: 'profile-bee', args: ['--', '/bin/true'] }, scratch);
    assert.equal((await next.ended).code, 0, next.said());
    assert.deepEqual(readdirSync(scratch).sort(), ['picture.svg', 'stacks.folded', 'summary.json', 'tmp']);
  },
);

/** A cargo that waits for a file before it runs the program: until then the sampler can be held. */
function waitingCargo(go: string): string {
  const path = join(scratchDirectory(), 'cargo');
  const wait = `for word; do [ "$word" != run ] || while [ ! -e ${go} ]; do sleep 0.05; done; done`;
  writeFileSync(path, `#!/bin/sh\n${wait}\nexec cargo "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

test('the profiler is killed while a program waits at the gate: the gate opens', needsRoot, async () => {
  const directory = scratchDirectory();
  const [go, ran] = [join(directory, 'go'), join(directory, 'ran')];
  const running = startBee({
    command: 'cargo-profile-bee',
    args: ['--', '--release', '--bin', 'signals', '--', ran],
    cwd: programsWorkspace(),
    env: { CARGO: waitingCargo(go) },
  });
  const { scratch } = running;
  await untilTrue('the sampler runs', () => samplerOf(scratch) !== undefined);
  const sampler = samplerOf(scratch)!;
  const cargo = () =>
    readProc(running.pid, `task/${running.pid}/children`)
      .trim()
      .split(' ')
      .map(Number)
      .find((pid) => /\brun\b/.test(readProc(pid, 'cmdline').replaceAll('\0', ' ')));
  await untilTrue('cargo is about to run the program', () => cargo() !== undefined);
  const gate = cargo()!;
  process.kill(sampler, 'SIGSTOP');
  writeFileSync(go, '');
  await untilTrue('the program waits', () => readProc(gate, 'cmdline').includes('bee-gate'));
  await sleep(300);
  assert.ok(!existsSync(ran), 'it is held');
  process.kill(running.pid, 'SIGKILL');
  await untilTrue('the program runs', () => existsSync(ran));
  process.kill(sampler, 'SIGCONT');
  await untilTrue('the sampler has ended', () => !isAlive(sampler));
  assert.deepEqual(readdirSync(join(scratch, 'tmp')), []);
  process.kill(gate, 'SIGKILL');
});
