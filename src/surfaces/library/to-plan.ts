import { DEFAULT_EVENT, EVENT_SPELLINGS, parseEvent } from '../../capture/events/events.js';
import { UNWINDERS } from '../../ffi/sampler-messages.js';
import { DEMANGLINGS } from '../../ffi/symbolizer.js';
import type { RunPlan } from '../../run/run.js';
import { USUAL_CAPTURE } from '../../run/usual-capture.js';
import { GROUP_BY } from '../../symbolize/grouping/grouping.js';
import type { RunOptions } from './run-options.js';
import { fault } from './with-codes.js';

const DEFAULT_HZ = 99;
const DEFAULT_SYMBOL_CACHE_MIB = 256;
const MAX_TABLE_MIB = 1024;
const KNOWN = [
  'command',
  'cwd',
  'env',
  'stdio',
  'pid',
  'children',
  'frequencyHz',
  'event',
  'unwind',
  'tableMiB',
  'demangle',
  'groupBy',
  'symbolCacheMiB',
];

/** Throws RunError `invalid-options`. */
export function toPlan(options: RunOptions): RunPlan {
  const { frequencyHz = DEFAULT_HZ, event = DEFAULT_EVENT.spelling, unwind: unwinder = 'dwarf' } = options;
  const { tableMiB = USUAL_CAPTURE.tableMiB, demangle = 'full', groupBy } = options;
  const { symbolCacheMiB = DEFAULT_SYMBOL_CACHE_MIB } = options;
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  require(unknown === undefined, `there is no option ${unknown}`);
  requireWhole('frequencyHz', frequencyHz, 1, Number.MAX_SAFE_INTEGER);
  requireWhole('tableMiB', tableMiB, 2, MAX_TABLE_MIB);
  require(symbolCacheMiB >= 0, 'symbolCacheMiB is a size, 0 or more');
  requireOneOf('event', event, EVENT_SPELLINGS);
  requireOneOf('unwind', unwinder, UNWINDERS);
  requireOneOf('demangle', demangle, DEMANGLINGS);
  if (groupBy !== undefined) requireOneOf('groupBy', groupBy, GROUP_BY);
  return {
    capture: { ...USUAL_CAPTURE, frequencyHz, event: parseEvent(event)!.start, unwinder, tableMiB },
    demangle,
    groupBy,
    keepsRaw: false,
    symbolize: { cacheBytes: Math.round(symbolCacheMiB * 2 ** 20), isAhead: true },
  };
}

function requireWhole(name: string, value: unknown, least: number, most: number): void {
  const isFit = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  require(isFit, `${name} is a whole number, ${least} or more${most < 2 ** 32 ? `, at most ${most}` : ''}`);
}

function requireOneOf(name: string, value: unknown, known: readonly string[]): void {
  require(known.includes(value as string), `${name} is one of ${known.join(', ')}`);
}

/** Throws unless `isTrue`. */
export function require(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw fault('invalid-options', otherwise);
}
