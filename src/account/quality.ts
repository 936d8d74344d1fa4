import { formatCount } from './format-count.js';
import { costPercent, lossAdvice, overloadProblems } from './overload.js';
import type { ProblemCode } from './problems/problem-codes.js';
import type { Problem } from './problems/problem-list.js';
import {
  type Account,
  completePercent,
  guessedPercent,
  lostCount,
  lostPercent,
  type SummaryTarget,
  skippedPercent,
  symbolizedPercent,
} from './summary.js';
import { unwindingProblems } from './unwinding-verdict.js';

const MIN_COMPLETE_PERCENT = 90;
const MIN_SYMBOLIZED_PERCENT = 80;
const MAX_LOST_PERCENT = 2;
/**
 * At 2 %, one in three stacks of 20 frames contains a guess: wrong callers are then no longer outliers that stand out
 * by their width, but part of every shape.
 */
const MAX_GUESSED_PERCENT = 2;
/** Shares up to this are not mentioned: one frame in a thousand changes nothing visible. */
const UNSAID_GUESSED_PERCENT = 0.1;
/** With fewer samples, a share of 10 % has an error of half its value. */
const MIN_SAMPLES = 100;

/** Every machine skips a few ticks. */
const UNSAID_SKIPPED_PERCENT = 0.5;

const UNWIND_TABLE_FLAG = 'compile with -fasynchronous-unwind-tables to get tables';

const REASONS: Record<string, string> = {
  noTable: 'no unwind table',
  noCfi: 'code without unwind information',
  readFault: 'unreadable stack',
  exiting: 'exiting threads',
  thirtyTwoBit: '32-bit programs',
  ringbufFull: 'ring buffer full',
  nested: 'nested samples',
};

/**
 * "5,012 samples at 997 Hz · 99.9 % of stacks complete to the thread's start · 98.7 % of frames symbolized · 0 lost":
 * what is known about the profile. It says how far the walks got, not that they were right; `--check-unwinding`
 * verifies that.
 */
export function qualityLine(account: Account): string {
  const { samples, cost, stacks } = account;
  const parts = [
    `${formatCount(samples.delivered)} ${samples.delivered === 1 ? 'sample' : 'samples'} at ${formatCount(account.event.frequencyHz)} Hz`,
    ...(stacks.user > 0
      ? [`${share(completePercent(account))} of stacks complete to the thread's start`]
      : []),
    ...(account.frames.user > 0 ? [`${share(symbolizedPercent(account))} of frames symbolized`] : []),
    ...(guessedPercent(account) > UNSAID_GUESSED_PERCENT
      ? [`${guessedShare(account)} of frames guessed`]
      : []),
    ...(account.frames.stale > 0 ? [stalePart(account.frames.stale)] : []),
    `${formatCount(lostCount(samples.lost))} lost`,
    ...(skippedPercent(account) > UNSAID_SKIPPED_PERCENT ? [skippedPart(account)] : []),
  ];
  const percent = costPercent(account);
  if (percent !== undefined)
    parts.push(`${(cost.targetCpuNs / 1e9).toFixed(2)} s CPU, profiling cost ${percent.toFixed(1)} %`);
  return parts.join(' · ');
}

/** Reasons to distrust the profile; empty for a good one. */
export function qualityProblems(account: Account): Problem[] {
  const { samples, stacks, frames, targets } = account;
  const problems: Problem[] = [];
  const note = (code: ProblemCode, message: string) => problems.push({ code, message });
  if (samples.delivered === 0) {
    note('no-samples', 'no samples: the target used less CPU time than one sampling interval');
  } else if (samples.delivered < MIN_SAMPLES) {
    const few = samples.delivered === 1 ? 'only 1 sample' : `only ${formatCount(samples.delivered)} samples`;
    note('few-samples', `${few}: percentages are rough; run longer or raise --frequency`);
  }
  if (stacks.user > 0 && completePercent(account) < MIN_COMPLETE_PERCENT) {
    note(
      'incomplete-stacks',
      `only ${share(completePercent(account))} of stacks are complete to the thread's start (${reasons(stacks.incomplete, stacks.maxDepth)})`,
    );
  }
  if (frames.user > 0 && symbolizedPercent(account) < MIN_SYMBOLIZED_PERCENT) {
    note(
      'unnamed-frames',
      `only ${share(symbolizedPercent(account))} of frames are symbolized: symbols are missing for the rest`,
    );
  }
  if (guessedPercent(account) > MAX_GUESSED_PERCENT) note('guessed-frames', guessedMessage(account));
  if (lostPercent(account) > MAX_LOST_PERCENT) {
    note(
      'lost-samples',
      `${share(lostPercent(account))} of samples were lost (${reasons(samples.lost)})${lossAdvice(account)}`,
    );
  }
  if (samples.unaccounted !== 0)
    note(
      'unaccounted-samples',
      `${formatCount(samples.unaccounted)} samples are unaccounted for: a bug, please report it`,
    );
  problems.push(...overloadProblems(account), ...unwindingProblems(account));
  return [...problems, ...targets.filter(({ optLevel }) => optLevel === '0').map(notOptimized)];
}

function notOptimized({ argv }: SummaryTarget): Problem {
  const subject = argv[0] ?? 'the program';
  return { code: 'not-optimized', message: `built without optimization (opt-level 0): ${subject}`, subject };
}

/** Time stolen by the host is taken from every function alike: it is mentioned, but does not make the profile poor. */
function skippedPart(account: Account): string {
  const { skipped, throttled, stolenNs } = account.event;
  const part = `${share(skippedPercent(account))} skipped`;
  if (throttled > skipped / 2) return part;
  return `${part} (the host took ${(stolenNs / 1e9).toFixed(1)} s of CPU time from this virtual machine)`;
}

function guessedMessage(account: Account): string {
  const [where, remedy] =
    account.unwinder === 'fp'
      ? ['--unwind fp follows frame pointers', '--unwind dwarf uses unwind tables']
      : ['code without an unwind table was unwound by frame pointer', UNWIND_TABLE_FLAG];
  return `${guessedShare(account)} of frames are guesses: ${where}, and nothing proves that the code keeps one; these callers may be wrong or missing (${remedy})`;
}

/** If stacks were cut at the depth limit, `maxDepth` is that limit. */
function reasons(counts: Record<string, number>, maxDepth = 0): string {
  const present = Object.entries(counts).filter(([, value]) => value > 0);
  const words: Record<string, string> = { ...REASONS, depth: `deeper than ${formatCount(maxDepth)} frames` };
  return (
    present.map(([name, value]) => `${words[name] ?? name}: ${formatCount(value)}`).join(', ') ||
    'none counted'
  );
}

/** Rounded up, so that guesses are never understated. */
function guessedShare(account: Account): string {
  const ceiled = Math.ceil(guessedPercent(account) * 10 - 1e-9) / 10; // tolerates floating point: 0.3 may come out slightly larger
  return `${ceiled.toFixed(1).replace(/\.0$/, '')} %`;
}

function stalePart(frames: number): string {
  return frames === 1 ? '1 frame in replaced files' : `${formatCount(frames)} frames in replaced files`;
}

function share(percent: number): string {
  const floored = Math.floor(percent * 10) / 10; // never rounded up to a perfect 100
  return `${floored.toFixed(1).replace(/\.0$/, '')} %`;
}
