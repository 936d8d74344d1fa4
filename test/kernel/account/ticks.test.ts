import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hitCount, joinBatches, type RawBatch } from '../../../src/capture/raw-profile.js';
import { launchSampler } from '../../../src/capture/sampler/launched-sampler.js';
import type { Sampler } from '../../../src/capture/sampler/sampler.js';
import { NativeSymbolizer } from '../../../src/ffi/symbolizer.js';
import { findIntegrityProblems } from '../../../src/profile/integrity.js';
import { ProfileAssembler } from '../../../src/symbolize/profile-assembler.js';
import { needsRoot } from '../running/needs-root.js';

const PLAN = {
  frequencyHz: 997,
  event: 'cpu-clock',
  unwinder: 'dwarf',
  ringBytes: 1 << 20,
  maxDepth: 127,
  tableMiB: 40,
  checksUnwinding: false,
} as const;

/** Samples a busy shell. */
async function withSampler(use: (sampler: Sampler) => Promise<void>): Promise<void> {
  const { sampler, directory } = await launchSampler();
  const program = spawn('sh', ['-c', 'while :; do :; done']);
  try {
    await sampler.begin(PLAN, { onExit: () => {}, onProblem: () => {} });
    await sampler.add(program.pid!, { paths: [] });
    await use(sampler);
  } finally {
    program.kill('SIGKILL');
    sampler.close();
    directory.remove();
  }
}

test('each tick brings what was sampled before it, in order, and stop the rest', needsRoot, async () => {
  await withSampler(async (sampler) => {
    const none = await sampler.tick();
    for (let fired = none.fired; fired === none.fired; ) {
      await sleep(50);
      fired = (await sampler.tick()).fired;
    }
    const { uniqueStacks } = sampler.session.statistics();
    assert.ok(uniqueStacks > 0, 'what the totals count has come');
    const [second, third] = await Promise.all([sampler.tick(), sampler.tick()]);
    const last = await sampler.stop();
    assert.ok(second.fired <= third.fired && third.fired <= last.fired);
  });
});

/** A batch for each tick, while a shell is busy, and one after the end. */
async function batchesOf(
  sampler: Sampler,
  options: { forget: boolean },
  use: (batch: RawBatch) => Promise<void>,
): Promise<void> {
  for (let tick = 0; tick < 5; tick++) {
    await sleep(100);
    await sampler.tick();
    await use(sampler.session.take(options));
  }
  const { fired, lost } = await sampler.stop();
  assert.deepEqual(
    Object.values(lost).filter((count) => count > 0),
    [],
  );
  assert.ok(fired > 0);
  await use(sampler.session.take(options));
}

test('what is taken at ticks is what was sampled, once', needsRoot, async () => {
  await withSampler(async (sampler) => {
    const assembler = new ProfileAssembler(new NativeSymbolizer(sampler.session), []);
    let whole: RawBatch | undefined;
    await batchesOf(sampler, { forget: false }, async (batch) => {
      whole = whole === undefined ? batch : joinBatches(whole, batch);
      await assembler.add(batch);
      const { profile } = assembler.snapshot();
      assert.equal(profile.totalCount, hitCount(whole));
      assert.deepEqual(findIntegrityProblems(profile), []);
    });
    assert.equal(hitCount(whole!), sampler.latestTotals?.fired);
    assert.equal(whole!.stacks.length, sampler.session.statistics().uniqueStacks);
  });
});

test('tables that were forgotten do not come back: a tick is a profile of its own', needsRoot, async () => {
  await withSampler(async (sampler) => {
    let delivered = 0;
    await batchesOf(sampler, { forget: true }, async (batch) => {
      const hits = hitCount(batch);
      delivered += hits;
      assert.ok(batch.stacks.length <= hits, 'each stack was hit since the last tick');
      const assembler = new ProfileAssembler(new NativeSymbolizer(sampler.session), []);
      await assembler.add(batch);
      const { profile, statistics } = assembler.snapshot();
      assert.equal(profile.totalCount, hits);
      if (hits > 0) assert.ok(statistics.frames.symbolized > 0, 'its objects are known');
    });
    assert.equal(delivered, sampler.latestTotals?.fired);
  });
});
