import type { RequireRule } from '../../../../account/require-rules.js';
import type { CapturePlan } from '../../../../ffi/sampler-messages.js';
import type { Demangling } from '../../../../ffi/symbolizer.js';
import type { SymbolizePlan } from '../../../../run/symbol-cache/symbol-cache.js';
import type {
  CargoTargetRequest,
  ProgramRequest,
  TargetRequest,
} from '../../../../run/targets/target-request.js';
import type { GroupBy } from '../../../../symbolize/grouping/grouping.js';
import type { Verbosity } from '../../terminal/terminal.js';
import type { CommandName } from '../flag-specification.js';
import type { OutputFormat } from './output-formats.js';

/** `path` undefined: standard output. */
export interface OutputRequest {
  path: string | undefined;
  format: OutputFormat;
}

/** Validated flags. Files and processes are not checked yet. */
export interface RecordOptions {
  command: CommandName;
  target: TargetRequest;
  plan: CapturePlan;
  /** Empty: the command's default. */
  outputs: OutputRequest[];
  /** Undefined: by binary if several ran, by process if several were named. */
  groupBy: GroupBy | undefined;
  /** One file per root. */
  split: boolean;
  demangle: Demangling;
  debuginfodWaitMs: number;
  summaryPath: string | undefined;
  /** NDJSON of the stacks before symbolization. */
  rawSamplesPath: string | undefined;
  symbolize: SymbolizePlan;
  rules: RequireRule[];
  /** Undefined: depends on the terminal. With intervals, the last flamegraph is opened if asked for. */
  open: boolean | undefined;
  verbosity: Verbosity;
  durationMs: number | undefined;
  /** One set of outputs for each; undefined: one for the run. */
  intervalMs: number | undefined;
  /** What to print instead of a run. */
  inspection: Inspection | undefined;
}

/** Without an output file, folded stacks go to standard output. */
export function writesToStandardOutput({
  command,
  outputs,
}: Pick<RecordOptions, 'command' | 'outputs'>): boolean {
  const isDefault = outputs.length === 0 && command === 'profile-bee';
  return isDefault || outputs.some(({ path }) => path === undefined);
}

export type CargoOptions = RecordOptions & { target: CargoTargetRequest };
export type ProgramOptions = RecordOptions & { target: ProgramRequest };

export interface Inspection {
  what: 'dry-run' | 'targets';
  asJson: boolean;
}

/** The options of a wrapper line that do not depend on the project and its configuration. */
export interface TypedCargoLine {
  target: CargoTargetRequest;
  inspection: Inspection | undefined;
  verbosity: Verbosity;
}
