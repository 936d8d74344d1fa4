import type { RequireRule } from '../../../../account/require-rules.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { DEMANGLINGS } from '../../../../ffi/symbolizer.js';
import type { SymbolizePlan } from '../../../../run/symbol-cache/symbol-cache.js';
import { GROUP_BY, type GroupBy } from '../../../../symbolize/grouping/grouping.js';
import type { Verbosity } from '../../terminal/terminal.js';
import type { CommandName } from '../flag-specification.js';
import type { Flags } from '../parse-flags.js';
import type { SplitLine } from '../split-line.js';
import { toIntervalMs } from './interval-options.js';
import { DEBUGINFOD_WAIT_SECONDS, DEFAULT_HZ, DEFAULT_SYMBOL_CACHE_MB } from './limits.js';
import { oneOf } from './one-of.js';
import { toOutputs, toRawSamplesPath, toSplit } from './output-options.js';
import { parseRules } from './parse-rules.js';
import {
  checkWholeHz,
  toEvents,
  toFrequencyHz,
  toMaxDepth,
  toPlan,
  toTableMiB,
  toUnwinder,
} from './plan-options.js';
import type {
  CargoOptions,
  Inspection,
  ProgramOptions,
  RecordOptions,
  TypedCargoLine,
} from './record-options.js';
import { spelling } from './spelling.js';
import { toCargoTarget, toProfile, toProfileTimeSeconds, toTarget } from './target-options.js';

/** Checks everything typed before asking cargo. Throws UsageError. */
export function toTypedCargoLine(flags: Flags, parts: SplitLine): TypedCargoLine {
  checkValues(flags);
  toFrequencyHz(flags, DEFAULT_HZ['cargo-profile-bee']);
  toSplit('cargo-profile-bee', flags);
  toIntervalMs('cargo-profile-bee', flags);
  return {
    target: toCargoTarget(flags, parts),
    inspection: toInspection(flags),
    verbosity: toVerbosity(flags),
  };
}

/** Throws UsageError. */
export function toOptions(command: 'cargo-profile-bee', flags: Flags, parts: SplitLine): CargoOptions;
export function toOptions(command: 'profile-bee', flags: Flags, parts: SplitLine): ProgramOptions;
export function toOptions(command: CommandName, flags: Flags, parts: SplitLine): RecordOptions;
export function toOptions(command: CommandName, flags: Flags, parts: SplitLine): RecordOptions {
  return {
    command,
    target: toTarget(command, flags, parts),
    plan: toPlan(command, flags),
    outputs: toOutputs(flags),
    groupBy: toGroupBy(flags),
    split: toSplit(command, flags),
    demangle: oneOf(spelling(flags, 'demangle'), flags.demangle ?? 'full', DEMANGLINGS),
    debuginfodWaitMs: toDebuginfodWaitMs(flags),
    summaryPath: flags.summaryJson,
    rawSamplesPath: toRawSamplesPath(flags),
    symbolize: toSymbolizePlan(flags),
    rules: toRules(flags),
    open: flags.interval === undefined ? flags.open : (flags.open ?? false),
    intervalMs: toIntervalMs(command, flags),
    verbosity: toVerbosity(flags),
    durationMs: toDurationMs(flags),
    inspection: toInspection(flags),
  };
}

function toVerbosity({ quiet, verbose }: Flags): Verbosity {
  return quiet ? 'quiet' : verbose ? 'verbose' : 'normal';
}

function toInspection({ dryRun, listTargets, json = false }: Flags): Inspection | undefined {
  if (dryRun && listTargets) throw new UsageError('--dry-run and --list-targets exclude each other');
  if (dryRun) return { what: 'dry-run', asJson: json };
  if (listTargets) return { what: 'targets', asJson: json };
  if (json) throw new UsageError('--json needs --dry-run or --list-targets');
  return undefined;
}

/**
 * Rejects values that are wrong on any machine, for defaults that the command line may override. `toOptions` checks the
 * same, and this machine's limits. Throws UsageError.
 */
export function checkValues(flags: Flags): void {
  toProfile(flags);
  if (flags.frequency !== undefined) checkWholeHz(flags, flags.frequency);
  toEvents(flags);
  toUnwinder(flags);
  toMaxDepth(flags);
  toTableMiB(flags);
  toDebuginfodWaitMs(flags);
  toOutputs(flags);
  toRawSamplesPath(flags);
  toSymbolizePlan(flags);
  toRules(flags);
  toProfileTimeSeconds(flags);
  toGroupBy(flags);
}

function toDebuginfodWaitMs(flags: Flags): number {
  const { debuginfodWait = DEBUGINFOD_WAIT_SECONDS.usual } = flags;
  if (debuginfodWait >= 0 && debuginfodWait <= DEBUGINFOD_WAIT_SECONDS.most) return debuginfodWait * 1000;
  throw new UsageError(
    `${spelling(flags, 'debuginfodWait')} ${debuginfodWait}: choose a number of seconds, 0 to ${DEBUGINFOD_WAIT_SECONDS.most}`,
  );
}

function toDurationMs({ time, duration }: Flags): number | undefined {
  if (time !== undefined && duration !== undefined) throw new UsageError('--time and -d exclude each other');
  const durationMs = time ?? (duration === undefined ? undefined : duration * 1000);
  if (durationMs !== undefined && !(durationMs > 0)) throw new UsageError('the duration must be above zero');
  return durationMs;
}

function toSymbolizePlan(flags: Flags): SymbolizePlan {
  const { symbolCache = DEFAULT_SYMBOL_CACHE_MB, symbolizeAtExit = false } = flags;
  if (symbolCache >= 0) return { cacheBytes: Math.round(symbolCache * 2 ** 20), isAhead: !symbolizeAtExit };
  throw new UsageError(`${spelling(flags, 'symbolCache')} ${symbolCache}: choose a size in MB, 0 for none`);
}

function toRules(flags: Flags): RequireRule[] {
  return (flags.require ?? []).flatMap((text) => parseRules(text, spelling(flags, 'require')));
}

function toGroupBy(flags: Flags): GroupBy | undefined {
  if (flags.groupBy === undefined) return undefined;
  return oneOf(spelling(flags, 'groupBy'), flags.groupBy, GROUP_BY);
}
