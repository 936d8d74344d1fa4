import assert from 'node:assert/strict';
import { type FoldedStack, totalCount } from './folded-stacks.js';
import { type Counts, cfiPercent, completePercent, type Summary } from './summary.js';

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** The accounts of the contract: nothing that fired is missing, and every stack and frame has one cause. */
export function assertAccounts(summary: Summary, stacks?: readonly FoldedStack[]): void {
  const { samples, stacks: user, frames } = summary;
  assert.equal(summary.schema, 'profile-bee.summary/1');
  assert.equal(samples.unaccounted, 0, 'samples.unaccounted');
  const { fired, delivered } = samples;
  assert.equal(fired, delivered + sum(samples.lost), `fired = delivered + lost ${JSON.stringify(samples)}`);
  assert.equal(user.user, user.complete + sum(user.incomplete), `stacks ${JSON.stringify(user)}`);
  assert.equal(frames.user, sum(frames.by), `frames.user = Σ frames.by ${JSON.stringify(frames)}`);
  assert.ok(frames.withLine <= frames.symbolized && frames.symbolized <= frames.user, 'frames');
  assertCounts([samples.lost, user.incomplete, frames.by, summary.phasesNs]);
  if (stacks !== undefined) assert.equal(totalCount(stacks), delivered, 'Σ folded = delivered');
}

function assertCounts(groups: readonly Counts[]): void {
  for (const [name, value] of groups.flatMap((group) => Object.entries(group)))
    assert.ok(Number.isSafeInteger(value) && value >= 0, `${name} = ${value} is not a count`);
}

/** At least 99 % of stacks reach the root by rule, and at least 99 % of user frames were found by CFI. */
export function assertUnwoundWell(summary: Summary): void {
  const seen = JSON.stringify({ stacks: summary.stacks, by: summary.frames.by });
  assert.ok(completePercent(summary) >= 99, `complete ${completePercent(summary).toFixed(2)} %: ${seen}`);
  assert.ok(cfiPercent(summary) >= 99, `by CFI ${cfiPercent(summary).toFixed(2)} %: ${seen}`);
}

/** Folded text keeps the contract's form: sorted by bytes, each stack once, a newline at the end. */
export function assertFoldedForm(text: string): void {
  assert.ok(text === '' || text.endsWith('\n'), 'folded text ends in a newline');
  const lines = text.split('\n').filter(Boolean);
  const stacks = lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
  assert.equal(new Set(stacks).size, stacks.length, 'each stack stands once');
  assert.ok(!stacks.some((stack) => stack.split(';').includes('')), 'no empty frame');
  const isSorted = lines.every(
    (line, index) => index === 0 || Buffer.compare(Buffer.from(lines[index - 1]!), Buffer.from(line)) <= 0,
  );
  assert.ok(isSorted, 'lines are sorted by bytes');
}
