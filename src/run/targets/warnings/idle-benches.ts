import type { Problem } from '../../../account/problems/problem-list.js';
import type { ObservedProcess } from '../../../capture/capture-session.js';
import { shellLine } from '../../../cargo/command/shell-line.js';
import type { HarnessKind } from '../../../cargo/harness/harness-kind.js';
import type { CargoTarget } from '../../../cargo/launch/cargo-run.js';
import type { SampledWork } from '../../sampled-work.js';
import type { CargoTargetRequest } from '../target-request.js';

/** A bench that measures has more samples in its first second. */
const MIN_SAMPLES = 20;
const TANGO = 'tango-bench';
/** Tango's commands that measure. */
const TANGO_MEASURES = ['solo', 'compare'];

/** A bench that was run. */
export interface RanBench {
  target: CargoTarget;
  /** Undefined: a custom or unknown harness. */
  harness: HarnessKind | undefined;
}

/**
 * Custom benches (`harness = false`) that ended without measuring anything: under plain `cargo bench` some only list their
 * benchmarks or print their usage.
 *
 * @param benchOf undefined for processes that are not benches
 */
export function idleBenchProblems(
  work: SampledWork,
  processes: readonly ObservedProcess[],
  benchOf: (process: ObservedProcess) => RanBench | undefined,
  request: CargoTargetRequest,
): Problem[] {
  return processes.flatMap((process): Problem[] => {
    const bench = benchOf(process);
    const count = work.samplesOf(process.root);
    if (bench === undefined || bench.harness !== undefined || count >= MIN_SAMPLES) return [];
    const subject = bench.target.targetName;
    const isTango = bench.target.dependencies.includes(TANGO);
    if (isTango && TANGO_MEASURES.some((word) => process.argv.includes(word))) return [];
    const message = isTango ? tangoMessage(subject, process, request) : ownMessage(subject, process);
    return [{ code: 'nothing-measured', message, subject }];
  });
}

function ownMessage(name: string, { end }: ObservedProcess): string {
  const how = end?.exitCode ? `ended with code ${end.exitCode}` : 'ended at once';
  return `bench ${name} ${how} and measured nothing: a custom harness may need arguments (after the last --); see its output`;
}

function tangoMessage(name: string, process: ObservedProcess, request: CargoTargetRequest): string {
  return `bench ${name} measured nothing: tango lists its benchmarks unless told to measure; ${tangoLine(name, process, request)}   measures them`;
}

/** A test name that cargo takes among its own arguments is tango's filter. */
function tangoLine(name: string, { argv }: ObservedProcess, request: CargoTargetRequest): string {
  const { typedBefore, cargo } = request;
  const filter = cargo.slice(1).find((word) => argv.includes(word) && !word.startsWith('-'));
  const kept = cargo.filter((word) => word !== filter);
  const chosen = kept.some((word) => /^--bench(=|$)/.test(word)) ? [] : ['--bench', name];
  const solo = ['solo', ...(filter === undefined ? [] : ['--filter', `*${filter}*`])];
  return shellLine([...typedBefore, ...kept, ...chosen, '--', ...solo]);
}
