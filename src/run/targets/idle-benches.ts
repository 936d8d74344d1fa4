import type { Problem } from '../../account/problem-list.js';
import type { ObservedProcess } from '../../capture/capture-session.js';
import type { RawProfile } from '../../capture/raw-profile.js';
import { shellLine } from '../../cargo/command/shell-line.js';
import type { HarnessKind } from '../../cargo/harness/harness-kind.js';
import type { CargoTarget } from '../../cargo/launch/cargo-run.js';
import type { CargoTargetRequest } from './target-request.js';

/** A bench that measures has more of them in its first second. */
const MIN_SAMPLES = 20;
const TANGO = 'tango-bench';
/** Tango's own commands that measure. */
const TANGO_MEASURES = ['solo', 'compare'];

/** What is known of a bench that has run. */
export interface RanBench {
  target: CargoTarget;
  /** Undefined: of its own making, or of one that we do not know. */
  harness: HarnessKind | undefined;
}

/**
 * Benches of an own making (`harness = false`) that ended without having measured anything: under plain `cargo bench` some
 * only list what they have, or print how they are used.
 *
 * @param benchOf undefined for what is no bench
 */
export function idleBenchProblems(
  { samples }: RawProfile,
  processes: readonly ObservedProcess[],
  benchOf: (process: ObservedProcess) => RanBench | undefined,
  request: CargoTargetRequest,
): Problem[] {
  return processes.flatMap((process): Problem[] => {
    const bench = benchOf(process);
    const own = samples.filter(({ root }) => root === process.root);
    const count = own.reduce((sum, sample) => sum + sample.count, 0);
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
  return `bench ${name} ${how} and measured nothing: a harness of its own may want arguments, which stand after the last --; what it printed tells`;
}

function tangoMessage(name: string, process: ObservedProcess, request: CargoTargetRequest): string {
  return `bench ${name} measured nothing: tango lists its benchmarks unless it is asked to measure; ${tangoLine(name, process, request)}   measures them`;
}

/** A name for the harness, which cargo takes among its own words, is tango's filter. */
function tangoLine(name: string, { argv }: ObservedProcess, request: CargoTargetRequest): string {
  const { typedBefore, cargo } = request;
  const filter = cargo.slice(1).find((word) => argv.includes(word) && !word.startsWith('-'));
  const kept = cargo.filter((word) => word !== filter);
  const chosen = kept.some((word) => /^--bench(=|$)/.test(word)) ? [] : ['--bench', name];
  const solo = ['solo', ...(filter === undefined ? [] : ['--filter', `*${filter}*`])];
  return shellLine([...typedBefore, ...kept, ...chosen, '--', ...solo]);
}
