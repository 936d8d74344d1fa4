import { formatCount } from './format-count.js';
import { costPercent, lossAdvice, overloadProblems } from './overload.js';
import type { ProblemCode } from './problem-codes.js';
import type { Problem } from './problem-list.js';
import {
  completePercent,
  guessedPercent,
  lostCount,
  lostPercent,
  type Summary,
  type SummaryTarget,
  skippedPercent,
  symbolizedPercent,
} from './summary.js';
import { unwindingProblems } from './unwinding-verdict.js';

const MIN_COMPLETE_PERCENT = 90;
const MIN_SYMBOLIZED_PERCENT = 80;
const MAX_LOST_PERCENT = 2;
/**
 * Of stacks with 20 frames every third holds a guess then: a wrong caller is no outlier any more, which the eye finds by
 * its width, but part of every shape.
 */
const MAX_GUESSED_PERCENT = 2;
/** A share up to it stays unsaid: one frame in a thousand moves nothing that is seen. */
const UNSAID_GUESSED_PERCENT = 0.1;
/** Below this a share of 10 % is uncertain by half of itself. */
const MIN_SAMPLES = 100;

/** Every machine is late now and then. */
const UNSAID_SKIPPED_PERCENT = 0.5;

const UNWIND_TABLE_FLAG = 'compile with -fasynchronous-unwind-tables to get tables';

/** Why stacks are incomplete and samples lost, in words. */
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
 * "5,012 samples at 997 Hz · 99.9 % of stacks complete to the thread's start · 98.7 % of frames symbolized · 0 lost": what is
 * known of the picture. It says how far the walks came, not that they were right, which `--check-unwinding` looks at.
 */
export function qualityLine(summary: Summary): string {
  const { samples, cost, stacks } = summary;
  const parts = [
    `${formatCount(samples.delivered)} ${samples.delivered === 1 ? 'sample' : 'samples'} at ${formatCount(summary.event.frequencyHz)} Hz`,
    ...(stacks.user > 0
      ? [`${share(completePercent(summary))} of stacks complete to the thread's start`]
      : []),
    ...(summary.frames.user > 0 ? [`${share(symbolizedPercent(summary))} of frames symbolized`] : []),
    ...(guessedPercent(summary) > UNSAID_GUESSED_PERCENT
      ? [`${guessedShare(summary)} of frames guessed`]
      : []),
    ...(summary.frames.stale > 0 ? [stalePart(summary.frames.stale)] : []),
    `${formatCount(lostCount(samples.lost))} lost`,
    ...(skippedPercent(summary) > UNSAID_SKIPPED_PERCENT ? [skippedPart(summary)] : []),
  ];
  const percent = costPercent(summary);
  if (percent !== undefined)
    parts.push(`${(cost.targetCpuNs / 1e9).toFixed(2)} s CPU, profiling cost ${percent.toFixed(1)} %`);
  return parts.join(' · ');
}

/** What makes the profile poor; empty for a good one. */
export function qualityProblems(summary: Summary): Problem[] {
  const { samples, stacks, frames, targets } = summary;
  const problems: Problem[] = [];
  const note = (code: ProblemCode, message: string) => problems.push({ code, message });
  if (samples.delivered === 0) {
    note('no-samples', 'no samples: the program used less CPU time than the interval between two samples');
  } else if (samples.delivered < MIN_SAMPLES) {
    const few = samples.delivered === 1 ? 'only 1 sample' : `only ${formatCount(samples.delivered)} samples`;
    note('few-samples', `${few}: shares are rough; run longer or raise --frequency`);
  }
  if (stacks.user > 0 && completePercent(summary) < MIN_COMPLETE_PERCENT) {
    note(
      'incomplete-stacks',
      `only ${share(completePercent(summary))} of stacks are complete to the start of their thread (${reasons(stacks.incomplete, stacks.maxDepth)})`,
    );
  }
  if (frames.user > 0 && symbolizedPercent(summary) < MIN_SYMBOLIZED_PERCENT) {
    note(
      'unnamed-frames',
      `only ${share(symbolizedPercent(summary))} of frames are symbolized: the symbols of the others are missing`,
    );
  }
  if (guessedPercent(summary) > MAX_GUESSED_PERCENT) note('guessed-frames', guessedMessage(summary));
  if (lostPercent(summary) > MAX_LOST_PERCENT) {
    note(
      'lost-samples',
      `${share(lostPercent(summary))} of samples were lost (${reasons(samples.lost)})${lossAdvice(summary)}`,
    );
  }
  if (samples.unaccounted !== 0)
    note(
      'unaccounted-samples',
      `${formatCount(samples.unaccounted)} samples are unaccounted for: a bug, please report it`,
    );
  problems.push(...overloadProblems(summary), ...unwindingProblems(summary));
  return [...problems, ...targets.filter(({ optLevel }) => optLevel === '0').map(notOptimized)];
}

function notOptimized({ argv }: SummaryTarget): Problem {
  const subject = argv[0] ?? 'the program';
  return { code: 'not-optimized', message: `built without optimization (opt-level 0): ${subject}`, subject };
}

/** What a host takes, it takes from every function alike: that is said, and makes no profile poor. */
function skippedPart(summary: Summary): string {
  const { skipped, throttled, stolenNs } = summary.event;
  const part = `${share(skippedPercent(summary))} did not come`;
  if (throttled > skipped / 2) return part;
  return `${part} (the host of this machine took ${(stolenNs / 1e9).toFixed(1)} s of CPU time)`;
}

function guessedMessage(summary: Summary): string {
  const [where, remedy] =
    summary.unwinder === 'fp'
      ? ['--unwind fp finds callers by frame pointer', '--unwind dwarf reads unwind tables']
      : ['without an unwind table the caller was found by frame pointer', UNWIND_TABLE_FLAG];
  return `${guessedShare(summary)} of frames are guesses: ${where}, and the code does not prove that it keeps one; these callers may be wrong or missing (${remedy})`;
}

/** Where stacks are cut, the deepest ones are as long as the limit. */
function reasons(counts: Record<string, number>, maxDepth = 0): string {
  const present = Object.entries(counts).filter(([, value]) => value > 0);
  const words: Record<string, string> = { ...REASONS, depth: `deeper than ${formatCount(maxDepth)} frames` };
  return (
    present.map(([name, value]) => `${words[name] ?? name}: ${formatCount(value)}`).join(', ') ||
    'none counted'
  );
}

/** Never less than it is. */
function guessedShare(summary: Summary): string {
  const ceiled = Math.ceil(guessedPercent(summary) * 10 - 1e-9) / 10; // 0.3 as a fraction of frames is a little more
  return `${ceiled.toFixed(1).replace(/\.0$/, '')} %`;
}

function stalePart(frames: number): string {
  return frames === 1 ? '1 frame in replaced files' : `${formatCount(frames)} frames in replaced files`;
}

function share(percent: number): string {
  const floored = Math.floor(percent * 10) / 10; // never rounded up to a perfect 100
  return `${floored.toFixed(1).replace(/\.0$/, '')} %`;
}
