import { readFileSync } from 'node:fs';
import type { EventKind } from '../../../../capture/events/event.js';
import { DEFAULT_EVENT, EVENT_SPELLINGS, parseEvent } from '../../../../capture/events/events.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { type CapturePlan, UNWINDERS, type Unwinder } from '../../../../ffi/sampler-messages.js';
import type { CommandName } from '../flag-specification.js';
import type { Flags } from '../parse-flags.js';
import { DEFAULT_HZ, MAX_DEPTH, TABLE_MEMORY_MB } from './limits.js';
import { listed, oneOf } from './one-of.js';
import { spelling } from './spelling.js';

const DEFAULT_RING_BYTES = 8 << 20;
/** Room for 2,500 checks of 25 KiB. */
const CHECKING_RING_BYTES = 64 << 20;

export function toPlan(command: CommandName, flags: Flags): CapturePlan {
  const [event] = toEvents(flags);
  return {
    frequencyHz: toFrequencyHz(flags, DEFAULT_HZ[command]),
    event: event.start,
    unwinder: toUnwinder(flags),
    ringBytes: toRingBytes(process.env.PROFILE_BEE_RING_BYTES, flags.checkUnwinding),
    maxDepth: toMaxDepth(flags),
    tableMiB: toTableMiB(flags),
    checksUnwinding: flags.checkUnwinding === true,
  };
}

/** What the run samples: one event, until START takes several. */
export function toEvents(flags: Flags): readonly [EventKind] {
  const { event: text = DEFAULT_EVENT.spelling } = flags;
  const event = parseEvent(text);
  if (event !== undefined) return [event];
  throw new UsageError(`${spelling(flags, 'event')} ${text}: choose ${listed(EVENT_SPELLINGS)}`);
}

export function toUnwinder(flags: Flags): Unwinder {
  const unwinder = oneOf(spelling(flags, 'unwind'), flags.unwind ?? 'dwarf', UNWINDERS);
  if (flags.dwarf && unwinder === 'fp') throw new UsageError('--dwarf and --unwind fp contradict each other');
  return unwinder;
}

export function toMaxDepth(flags: Flags): number {
  const { maxDepth = MAX_DEPTH } = flags;
  if (Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= MAX_DEPTH) return maxDepth;
  throw new UsageError(
    `${spelling(flags, 'maxDepth')} ${maxDepth}: choose a whole number of frames, 1 to ${MAX_DEPTH}`,
  );
}

export function toTableMiB(flags: Flags): number {
  const { least, usual, most } = TABLE_MEMORY_MB;
  const { tableMemory = usual } = flags;
  if (Number.isInteger(tableMemory) && tableMemory >= least && tableMemory <= most) return tableMemory;
  throw new UsageError(
    `${spelling(flags, 'tableMemory')} ${tableMemory}: choose a whole number of MB, ${least} to ${most}`,
  );
}

export function toFrequencyHz(flags: Flags, defaultHz: number): number {
  const frequencyHz = flags.frequency ?? defaultHz;
  checkWholeHz(flags, frequencyHz);
  const maxHz = kernelMaxHz();
  if (frequencyHz > maxHz) {
    throw new UsageError(
      `${spelling(flags, 'frequency')} ${frequencyHz} is above the kernel's limit of ${maxHz} Hz`,
      `sysctl kernel.perf_event_max_sample_rate=${frequencyHz}   raises the limit`,
    );
  }
  return frequencyHz;
}

export function checkWholeHz(flags: Flags, frequencyHz: number): void {
  if (Number.isInteger(frequencyHz) && frequencyHz >= 1) return;
  throw new UsageError(
    `${spelling(flags, 'frequency')} ${frequencyHz}: choose a whole number of samples a second, 1 or more`,
  );
}

function kernelMaxHz(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/perf_event_max_sample_rate', 'utf8'));
  } catch {
    return 100_000;
  }
}

/** For tests of loss and machines with hundreds of CPUs; not a flag, because nobody should need it. */
function toRingBytes(text: string | undefined, isChecking = false): number {
  if (text === undefined) return isChecking ? CHECKING_RING_BYTES : DEFAULT_RING_BYTES;
  const bytes = Number(text);
  if (Number.isSafeInteger(bytes) && bytes >= 4096 && Math.log2(bytes) % 1 === 0) return bytes;
  throw new UsageError(`PROFILE_BEE_RING_BYTES=${text} is not a power of two of 4096 or more`);
}
