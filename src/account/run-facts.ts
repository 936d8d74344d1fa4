import type { SymbolCacheStatistics } from '../ffi/sampler-connection.js';
import { type AccountedPlan, accountOf, type Measurements, noMeasurements } from './account.js';
import { ProblemList } from './problems/problem-list.js';
import {
  type Elevation,
  type ExitStatus,
  type PhaseName,
  SUMMARY_SCHEMA,
  type Summary,
  type SummaryOutput,
  type SummaryTarget,
} from './summary.js';

/** What is known of a run so far. Whoever learns something notes it here; `summaryOf` says what it amounts to. */
export interface RunFacts {
  version: string;
  plan: AccountedPlan;
  elevation: Elevation;
  targets: readonly SummaryTarget[];
  measurements: Measurements;
  names: SymbolCacheStatistics;
  /** Those that are over; the capture measures some itself. */
  phasesNs: Partial<Record<Exclude<PhaseName, 'tables' | 'attachToFirstSample'>, number>>;
  outputs: readonly SummaryOutput[];
  problems: ProblemList;
}

/** Before anything has happened. */
export function noFacts(version: string, plan: AccountedPlan): RunFacts {
  return {
    version,
    plan,
    elevation: 'none',
    targets: [],
    measurements: noMeasurements(),
    names: { ahead: 0, fromDisk: 0, resolved: 0, evicted: 0, damagedFiles: 0, unwrittenFiles: 0 },
    phasesNs: {},
    outputs: [],
    problems: new ProblemList(),
  };
}

/** How a run ended: its exit code, and the largest memory of this process in bytes. */
export interface Ending {
  exit: ExitStatus;
  cliPeakRssBytes: number;
}

export function summaryOf(facts: RunFacts, { exit, cliPeakRssBytes }: Ending): Summary {
  const { version, plan, elevation, targets, measurements, names, outputs, problems } = facts;
  const account = accountOf(plan, measurements, targets);
  const { event, unwinder, samples, stacks, frames, unwindingCheck, cost } = account;
  return {
    schema: SUMMARY_SCHEMA,
    version,
    exit,
    targets,
    event,
    unwinder,
    elevation,
    samples,
    stacks,
    frames,
    ...(unwindingCheck && { unwindingCheck }),
    names,
    cost: { ...cost, cliPeakRssBytes },
    phasesNs: { ...NO_PHASES, ...account.phasesNs, ...facts.phasesNs },
    outputs,
    problems,
  };
}

const NO_PHASES: Record<PhaseName, number> = {
  metadata: 0,
  build: 0,
  samplerStart: 0,
  attachToFirstSample: 0,
  run: 0,
  tables: 0,
  symbolize: 0,
  write: 0,
  exitToOutput: 0,
};
