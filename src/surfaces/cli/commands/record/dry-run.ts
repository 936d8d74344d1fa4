import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildLine, type CargoPlan, launchLine, planCargoRun } from '../../../../cargo/build/cargo-plan.js';
import { shellLine } from '../../../../cargo/command/shell-line.js';
import type { CargoProject } from '../../../../cargo/project/cargo-project.js';
import { findNativeFile } from '../../../../ffi/native-files.js';
import type { CargoOptions, RecordOptions } from '../../command-line/options/record-options.js';
import { jsonText } from '../../outputs/json-text.js';

export const DRY_RUN_SCHEMA = 'profile-bee.dry-run/1';

/** What a run would do. Command lines start with the program. */
export interface DryRun {
  schema: typeof DRY_RUN_SCHEMA;
  cwd: string;
  /** Variables changed for cargo and the target: none. */
  environment: Record<string, string>;
  build: string[];
  launch: string[];
  profile: { name: string; inherits: string | null };
  /** The user's own runners, which follow the gate, by target triple. */
  runners: Record<string, string[]>;
  /** What would be built; null if cargo did not answer. */
  targets: { name: string; kind: string; mode: string }[] | null;
  sampling: { event: string; frequencyHz: number; unwinder: string };
  /** Empty: a flamegraph with a generated name in `target/profiles`. */
  outputs: { path: string; format: string }[];
}

/** The output of `--dry-run`; builds nothing. Throws UsageError, or CargoFailure if cargo refuses. */
export async function planText(project: CargoProject, options: CargoOptions): Promise<string> {
  const run = describeRun(await planCargoRun(project, options.target.profile, true), options);
  return options.inspection?.asJson ? jsonText(run) : dryRunText(run);
}

/** Throws UsageError if the gate and the user's runner cannot be combined. */
export function describeRun(plan: CargoPlan, options: RecordOptions): DryRun {
  const { context, userRunners } = plan.project;
  const { rawSamplesPath } = options;
  const { event, frequencyHz, unwinder } = options.plan;
  const { name, inherits, roots } = plan.profile;
  const chained = userRunners.filter(({ words }) => words.length > 0);
  return {
    schema: DRY_RUN_SCHEMA,
    cwd: context.cwd,
    environment: {},
    build: buildLine(plan),
    launch: launchLine(plan, gatePlaceholder()),
    profile: { name, inherits: inherits ?? null },
    runners: Object.fromEntries(chained.map(({ triple, words }) => [triple, words])),
    targets:
      roots?.map(({ targetName, kinds, mode }) => ({ name: targetName, kind: kinds[0] ?? '', mode })) ?? null,
    sampling: { event, frequencyHz, unwinder },
    outputs: [
      ...options.outputs.map(({ path, format }) => ({ path: path ?? '-', format: format.name })),
      ...(rawSamplesPath === undefined ? [] : [{ path: rawSamplesPath, format: 'raw-samples' }]),
    ],
  };
}

/** As in a run, but with a socket nobody listens on: the gate then lets its program run. */
function gatePlaceholder(): string[] {
  return [gatePath(), join(tmpdir(), 'bee-not-running', 'gate')];
}

/** Only its name if the native parts are missing. */
function gatePath(): string {
  try {
    return findNativeFile('bee-gate');
  } catch {
    return 'bee-gate';
  }
}

/** A shell script that builds and runs the same, unprofiled. */
export function dryRunText(run: DryRun): string {
  const { profile, sampling } = run;
  const derived = profile.inherits === null ? '' : `, derived from ${profile.inherits}`;
  const runners = Object.values(run.runners).map(
    (words) => `# your runner, after the gate: ${shellLine(words)}`,
  );
  return `${[
    '# the environment is unchanged',
    shellLine(['cd', run.cwd]),
    `# build with profile ${profile.name}${derived}`,
    shellLine(run.build),
    `# run; each program waits at ${basename(gatePath())} for the profiler (${sampling.frequencyHz} Hz, ${sampling.event}, ${sampling.unwinder})`,
    ...runners,
    shellLine(run.launch),
  ].join('\n')}\n`;
}
