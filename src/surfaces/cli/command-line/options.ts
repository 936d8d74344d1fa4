import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { RequireRule } from '../../../account/require-rules.js';
import type { ProfileSelection } from '../../../cargo/build/derived-profile.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import type { CapturePlan } from '../../../ffi/sampler-messages.js';
import { DEMANGLINGS, type Demangling } from '../../../ffi/symbolizer.js';
import type { NamingPlan } from '../../../run/symbol-cache/keep-names.js';
import type {
  CargoTargetRequest,
  ProgramRequest,
  TargetRequest,
} from '../../../run/targets/target-request.js';
import { GROUP_BY, type GroupBy } from '../../../symbolize/grouping/grouping.js';
import type { Verbosity } from '../terminal/terminal.js';
import type { CommandName } from './flag-specification.js';
import {
  DEBUGINFOD_WAIT_SECONDS,
  DEFAULT_HZ,
  DEFAULT_SYMBOL_CACHE_MB,
  EVENTS,
  MAX_DEPTH,
  TABLE_MEMORY_MB,
  UNWINDERS,
} from './limits.js';
import { oneOf } from './one-of.js';
import type { Flags } from './parse-flags.js';
import { parseRules } from './parse-rules.js';
import { spelling } from './spelling.js';
import type { SplitLine } from './split-line.js';
import { splitWords } from './split-words.js';

export type OutputFormat = 'svg' | 'folded';

/** `path` undefined: standard output. */
export interface OutputRequest {
  path: string | undefined;
  format: OutputFormat;
}

/** Flags that make sense. Files and processes that they name have not been looked at yet. */
export interface RecordOptions {
  command: CommandName;
  target: TargetRequest;
  plan: CapturePlan;
  /** Empty: the command's default. */
  outputs: OutputRequest[];
  /** Undefined: by binary where several ran, by process where several were named. */
  groupBy: GroupBy | undefined;
  /** One file for each root. */
  split: boolean;
  demangle: Demangling;
  debuginfodWaitMs: number;
  summaryPath: string | undefined;
  /** NDJSON of the stacks without names. */
  rawSamplesPath: string | undefined;
  naming: NamingPlan;
  rules: RequireRule[];
  /** Undefined: decided by what the terminal can show. */
  open: boolean | undefined;
  verbosity: Verbosity;
  durationMs: number | undefined;
  /** What to print in place of a run. */
  inspection: Inspection | undefined;
}

/** Without an output file, folded stacks go to standard output. */
export function writesToStandardOutput({ command, outputs }: RecordOptions): boolean {
  const isDefault = outputs.length === 0 && command === 'profile-bee';
  return isDefault || outputs.some(({ path }) => path === undefined);
}

export type CargoOptions = RecordOptions & { target: CargoTargetRequest };
export type ProgramOptions = RecordOptions & { target: ProgramRequest };

export interface Inspection {
  what: 'dry-run' | 'targets';
  asJson: boolean;
}

const DEFAULT_RING_BYTES = 8 << 20;
/** A check is 25 KiB: 2,500 of them. */
const CHECKING_RING_BYTES = 64 << 20;
const FORMATS: Record<string, OutputFormat> = { '.svg': 'svg', '.folded': 'folded', '.collapsed': 'folded' };

/** What a line of the wrapper says before the project, and with it the configuration, is known. */
export interface TypedCargoLine {
  target: CargoTargetRequest;
  inspection: Inspection | undefined;
  verbosity: Verbosity;
}

/** Checks all that was typed, so that cargo is not asked in vain. Throws UsageError. */
export function toTypedCargoLine(flags: Flags, parts: SplitLine): TypedCargoLine {
  checkValues(flags);
  toFrequencyHz(flags, DEFAULT_HZ['cargo-profile-bee']);
  toSplit('cargo-profile-bee', flags);
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
    naming: toNaming(flags),
    rules: toRules(flags),
    open: flags.open,
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
  if (json) throw new UsageError('--json goes with --dry-run or --list-targets');
  return undefined;
}

/**
 * What makes sense on no machine, for defaults that the command line may overrule. `toOptions` finds the same, and what
 * this machine refuses. Throws UsageError.
 */
export function checkValues(flags: Flags): void {
  toProfile(flags);
  if (flags.frequency !== undefined) checkWholeHz(flags, flags.frequency);
  toEvent(flags);
  toUnwinder(flags);
  toMaxDepth(flags);
  toTableMiB(flags);
  toDebuginfodWaitMs(flags);
  toOutputs(flags);
  toRawSamplesPath(flags);
  toNaming(flags);
  toRules(flags);
  toProfileTimeSeconds(flags);
  toGroupBy(flags);
}

function toTarget(command: CommandName, flags: Flags, parts: SplitLine): TargetRequest {
  if (command === 'cargo-profile-bee') return toCargoTarget(flags, parts);
  const given = [flags.pid !== undefined, flags.cmd !== undefined, parts.program !== undefined];
  if (given.filter(Boolean).length > 1) {
    throw new UsageError('--pid, --cmd and a command after -- exclude each other');
  }
  if (flags.pid !== undefined)
    return { kind: 'pid', pids: toPids(flags.pid), withChildren: flags.children !== false };
  if (flags.children !== undefined)
    throw new UsageError(`--${flags.children ? '' : 'no-'}children goes with --pid`);
  const argv = flags.cmd === undefined ? (parts.program ?? []) : splitWords(flags.cmd);
  if (argv.length === 0)
    throw new UsageError('there is no command to run', `${parts.invokedAs ?? command} -- COMMAND`);
  return { kind: 'command', argv };
}

function toCargoTarget(flags: Flags, parts: SplitLine): CargoTargetRequest {
  return {
    kind: 'cargo',
    cargo: parts.cargo ?? [],
    program: parts.program,
    profile: toProfile(flags),
    profileTimeSeconds: toProfileTimeSeconds(flags),
    typedBefore: [...(parts.invokedAs ?? 'cargo profile-bee').split(' '), ...parts.ours],
  };
}

/** `1,2` and repeated flags, as perf takes them and pgrep -d, writes them; a pid that is named twice is one. */
function toPids(values: readonly string[]): number[] {
  const pids = values.flatMap((value) => value.split(',').map((word) => toPid(word.trim(), value)));
  return [...new Set(pids)];
}

function toPid(word: string, value: string): number {
  if (/^\d+$/.test(word) && Number.isSafeInteger(Number(word)) && Number(word) > 0) return Number(word);
  const message = `--pid ${value}: ${JSON.stringify(word)} is not a pid`;
  throw new UsageError(message, 'pgrep -a NAME   finds the pid of a program');
}

function toProfileTimeSeconds(flags: Flags): number | undefined {
  const { profileTime } = flags;
  if (profileTime === undefined || profileTime > 0) return profileTime;
  throw new UsageError(
    `${spelling(flags, 'profileTime')} ${profileTime}: choose a number of seconds above zero`,
  );
}

/** Undefined: release (bench for benches). */
function toProfile(flags: Flags): ProfileSelection | undefined {
  const given = [flags.dev === true, flags.profile !== undefined, flags.asIs === true];
  if (given.filter(Boolean).length > 1) throw twoProfiles(flags);
  if (flags.dev) return { kind: 'dev' };
  if (flags.asIs) return 'as-is';
  return flags.profile === undefined ? undefined : { kind: 'named', name: flags.profile };
}

function twoProfiles({ places }: Flags): UsageError {
  return new UsageError(
    places?.profile === undefined
      ? '--dev, --profile and --as-is exclude each other'
      : `${places.profile}: profile and as-is exclude each other`,
  );
}

function toPlan(command: CommandName, flags: Flags): CapturePlan {
  return {
    frequencyHz: toFrequencyHz(flags, DEFAULT_HZ[command]),
    event: toEvent(flags),
    unwinder: toUnwinder(flags),
    ringBytes: toRingBytes(process.env.PROFILE_BEE_RING_BYTES, flags.checkUnwinding),
    maxDepth: toMaxDepth(flags),
    tableMiB: toTableMiB(flags),
    checksUnwinding: flags.checkUnwinding === true,
  };
}

function toEvent(flags: Flags): 'cpu-clock' | 'cycles' {
  return oneOf(spelling(flags, 'event'), flags.event ?? 'cpu-clock', EVENTS);
}

function toUnwinder(flags: Flags): 'dwarf' | 'fp' {
  const unwinder = oneOf(spelling(flags, 'unwind'), flags.unwind ?? 'dwarf', UNWINDERS);
  if (flags.dwarf && unwinder === 'fp') throw new UsageError('--dwarf and --unwind fp contradict each other');
  return unwinder;
}

function toMaxDepth(flags: Flags): number {
  const { maxDepth = MAX_DEPTH } = flags;
  if (Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= MAX_DEPTH) return maxDepth;
  throw new UsageError(
    `${spelling(flags, 'maxDepth')} ${maxDepth}: choose a whole number of frames, 1 to ${MAX_DEPTH}`,
  );
}

function toTableMiB(flags: Flags): number {
  const { least, usual, most } = TABLE_MEMORY_MB;
  const { tableMemory = usual } = flags;
  if (Number.isInteger(tableMemory) && tableMemory >= least && tableMemory <= most) return tableMemory;
  throw new UsageError(
    `${spelling(flags, 'tableMemory')} ${tableMemory}: choose a whole number of MB, ${least} to ${most}`,
  );
}

function toDebuginfodWaitMs(flags: Flags): number {
  const { debuginfodWait = DEBUGINFOD_WAIT_SECONDS.usual } = flags;
  if (debuginfodWait >= 0 && debuginfodWait <= DEBUGINFOD_WAIT_SECONDS.most) return debuginfodWait * 1000;
  throw new UsageError(
    `${spelling(flags, 'debuginfodWait')} ${debuginfodWait}: choose a number of seconds, 0 to ${DEBUGINFOD_WAIT_SECONDS.most}`,
  );
}

function toFrequencyHz(flags: Flags, defaultHz: number): number {
  const frequencyHz = flags.frequency ?? defaultHz;
  checkWholeHz(flags, frequencyHz);
  const maxHz = kernelMaxHz();
  if (frequencyHz > maxHz) {
    throw new UsageError(
      `${spelling(flags, 'frequency')} ${frequencyHz} is above the kernel's limit of ${maxHz} Hz`,
      `sysctl kernel.perf_event_max_sample_rate=${frequencyHz}   raises it`,
    );
  }
  return frequencyHz;
}

function checkWholeHz(flags: Flags, frequencyHz: number): void {
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

/** For tests of loss and for machines with hundreds of CPUs; not a flag, since nobody should need it. */
function toRingBytes(text: string | undefined, isChecking = false): number {
  if (text === undefined) return isChecking ? CHECKING_RING_BYTES : DEFAULT_RING_BYTES;
  const bytes = Number(text);
  if (Number.isSafeInteger(bytes) && bytes >= 4096 && Math.log2(bytes) % 1 === 0) return bytes;
  throw new UsageError(`PROFILE_BEE_RING_BYTES=${text} is not a power of two of 4096 or more`);
}

function toDurationMs({ time, duration }: Flags): number | undefined {
  if (time !== undefined && duration !== undefined) throw new UsageError('--time and -d exclude each other');
  const durationMs = time ?? (duration === undefined ? undefined : duration * 1000);
  if (durationMs !== undefined && !(durationMs > 0)) throw new UsageError('the duration must be above zero');
  return durationMs;
}

function toNaming(flags: Flags): NamingPlan {
  const { symbolCache = DEFAULT_SYMBOL_CACHE_MB, symbolizeAtExit = false } = flags;
  if (symbolCache >= 0) return { cacheBytes: Math.round(symbolCache * 2 ** 20), isAhead: !symbolizeAtExit };
  throw new UsageError(`${spelling(flags, 'symbolCache')} ${symbolCache}: choose a size in MB, 0 for none`);
}

function toRules(flags: Flags): RequireRule[] {
  return (flags.require ?? []).flatMap((text) => parseRules(text, spelling(flags, 'require')));
}

function toOutputs(flags: Flags): OutputRequest[] {
  const outputs: OutputRequest[] = [];
  if (flags.svg !== undefined) outputs.push({ path: flags.svg, format: 'svg' });
  if (flags.collapse !== undefined) outputs.push({ path: flags.collapse, format: 'folded' });
  for (const path of flags.output ?? []) outputs.push({ path, format: formatOf(flags, path) });
  if (flags.folded) outputs.push({ path: undefined, format: 'folded' });
  const paths = outputs.map(({ path }) => (path === '-' ? undefined : path));
  checkDistinct(flags, [...paths, flags.summaryJson, flags.rawSamples]);
  return outputs.map(({ format }, index) => ({ path: paths[index], format }));
}

function toGroupBy(flags: Flags): GroupBy | undefined {
  if (flags.groupBy === undefined) return undefined;
  return oneOf(spelling(flags, 'groupBy'), flags.groupBy, GROUP_BY);
}

function toSplit(command: CommandName, flags: Flags): boolean {
  if (!flags.split) return false;
  const outputs = toOutputs(flags);
  const isToStandardOutput = outputs.length === 0 && command === 'profile-bee';
  if (isToStandardOutput || outputs.some(({ path }) => path === undefined)) {
    const message = '--split writes a file for each root, and the stacks go to standard output';
    throw new UsageError(message, '-o FILE.svg --split');
  }
  return true;
}

/** Standard output is for folded stacks, and only for them. */
function toRawSamplesPath(flags: Flags): string | undefined {
  if (flags.rawSamples !== '-') return flags.rawSamples;
  throw new UsageError(`${spelling(flags, 'rawSamples')} -: these go to a file`, '--raw-samples FILE');
}

function checkDistinct(flags: Flags, paths: readonly (string | undefined)[]): void {
  const files = paths.map((path) => (path === undefined ? undefined : resolve(path)));
  const twice = paths.find((path, index) => path !== undefined && files.indexOf(files[index]) !== index);
  if (twice !== undefined && !twice.startsWith('/dev/'))
    throw new UsageError(`${placeOf(flags, twice)}${twice} is named for two outputs`);
}

/** Where a path was configured, for the front of an error; empty when it was typed. */
function placeOf(flags: Flags, path: string): string {
  const keys = ['summaryJson', 'rawSamples', 'output', 'collapse', 'svg'] as const;
  const key = keys.find((name) => flags.places?.[name] !== undefined && [flags[name]].flat().includes(path));
  return key === undefined ? '' : `${flags.places?.[key]}: `;
}

function formatOf(flags: Flags, path: string): OutputFormat {
  const format = path === '-' ? 'folded' : FORMATS[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const endings = Object.keys(FORMATS).join(', ');
  const isTyped = flags.places?.output === undefined;
  throw new UsageError(
    `${isTyped ? '-o' : spelling(flags, 'output')} ${path}: the name does not tell the format`,
    isTyped
      ? `known endings: ${endings}; or use --svg ${path} or --collapse ${path}`
      : `known endings: ${endings}; svg and collapse take any name`,
  );
}
