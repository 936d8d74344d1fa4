import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOf, noMeasurements, sumOfStatistics, totalsBetween } from '../../src/account/account.js';
import { emptyStatistics } from '../../src/symbolize/frame-statistics.js';

const PLAN = { event: 'cpu-clock', frequencyHz: 1000, unwinder: 'dwarf' } as const;
const NOTHING = noMeasurements().totals;

test('what is neither delivered nor lost is unaccounted for', () => {
  const totals = { ...NOTHING, fired: 100, lost: { ringbufFull: 7, nested: 1 }, targetCpuNs: 99_600_000 };
  const { samples } = accountOf(PLAN, { ...noMeasurements(), totals, delivered: 90 }, []);
  assert.deepEqual(samples, {
    fired: 100,
    expected: 100,
    delivered: 90,
    unaccounted: 2,
    lost: { ringbufFull: 7, nested: 1 },
  });
});

test('ticks that the host has stolen are not throttled', () => {
  const totals = { ...NOTHING, skippedTicks: 50, stolenNs: 30_000_000 };
  assert.equal(accountOf(PLAN, { ...noMeasurements(), totals }, []).event.throttled, 20);
});

test('an interval has what grew in it, and the peaks of the run', () => {
  const check = {
    checked: 5,
    prefixOnly: 0,
    differing: 0,
    unchecked: 1,
    impossibleCallers: 0,
    falseRoots: 0,
  };
  const earlier = { ...NOTHING, fired: 10, lost: { nested: 1 }, bpfRunNs: 100, tableBytes: 7 };
  const later = {
    ...NOTHING,
    fired: 30,
    lost: { nested: 1, ringbufFull: 4 },
    bpfRunNs: 150,
    tableBytes: 9,
    unwindingCheck: check,
  };
  const interval = totalsBetween(earlier, later);
  assert.deepEqual(
    [interval.fired, interval.lost, interval.bpfRunNs, interval.tableBytes, interval.unwindingCheck],
    [20, { nested: 0, ringbufFull: 4 }, 50, 9, check],
  );
  assert.deepEqual(totalsBetween(NOTHING, later), later);
});

test('statistics of two parts add up, except for the greatest depth', () => {
  const one = emptyStatistics();
  Object.assign(one.stacks, { user: 3, complete: 2, maxDepth: 40 });
  one.stacks.incomplete.depth = 1;
  one.frames.by.cfi = 100;
  const sum = sumOfStatistics(one, sumOfStatistics(one, emptyStatistics()));
  assert.deepEqual(
    [
      sum.stacks.user,
      sum.stacks.complete,
      sum.stacks.incomplete.depth,
      sum.stacks.maxDepth,
      sum.frames.by.cfi,
    ],
    [6, 4, 2, 40, 200],
  );
});
