import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildLine, type CargoPlan, launchLine, planCargoRun } from '../../../../cargo/build/cargo-plan.js';
import { shellLine } from '../../../../cargo/command/shell-line.js';
import type { CargoProject } from '../../../../cargo/project/cargo-project.js';
import { findNativeFile } from '../../../../ffi/native-files.js';
import type { CargoOptions, RecordOptions } from '../../command-line/options/record-options.js';
import { jsonText } from '../../outputs/json-text.js';

export const DRY_RUN_SCHEMA = 'profile-bee.dry-run/1';

/** What a run would do. Lines are program first. */
export interface DryRun {
  schema: typeof DRY_RUN_SCHEMA;
  cwd: string;
  /** Variables that cargo and the program get changed: none, on every path. */
  environment: Record<string, string>;
  build: string[];
  launch: string[];
  profile: { name: string; inherits: string | null };
  /** The user's own runners, which stay behind the gate, by target triple. */
  runners: Record<string, string[]>;
  /** What would be built; null where cargo did not tell. */
  targets: { name: string; kind: string; mode: string }[] | null;
  sampling: { event: string; frequencyHz: number; unwinder: string };
  /** Empty: a flamegraph with a name of its own below `target/profiles`. */
  outputs: { path: string; format: string }[];
}

/** What `--dry-run` prints; builds nothing. Throws UsageError, or CargoFailure when cargo refused. */
export async function planText(project: CargoProject, options: CargoOptions): Promise<string> {
  const run = describeRun(await planCargoRun(project, options.target.profile, true), options);
  return options.inspection?.asJson ? jsonText(run) : dryRunText(run);
}

/** Throws UsageError when the gate and a runner of the user's cannot be written together. */
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
      ...options.outputs.map(({ path, format }) => ({ path: path ?? '-', format })),
      ...(rawSamplesPath === undefined ? [] : [{ path: rawSamplesPath, format: 'raw-samples' }]),
    ],
  };
}

/** As in a run, with a socket that nobody listens at: a gate then lets its program go. */
function gatePlaceholder(): string[] {
  return [gatePath(), join(tmpdir(), 'bee-not-running', 'gate')];
}

/** Its name alone where the native parts are missing. */
function gatePath(): string {
  try {
    return findNativeFile('bee-gate');
  } catch {
    return 'bee-gate';
  }
}

/** A script: pasted into a shell, it builds and runs the same, unprofiled. */
export function dryRunText(run: DryRun): string {
  const { profile, sampling } = run;
  const derived = profile.inherits === null ? '' : `, derived from ${profile.inherits}`;
  const runners = Object.values(run.runners).map(
    (words) => `# behind the gate, your runner: ${shellLine(words)}`,
  );
  return `${[
    '# the environment stays as it is',
    shellLine(['cd', run.cwd]),
    `# build with profile ${profile.name}${derived}`,
    shellLine(run.build),
    `# run; each program waits at ${basename(gatePath())} for the profiler (${sampling.frequencyHz} Hz, ${sampling.event}, ${sampling.unwinder})`,
    ...runners,
    shellLine(run.launch),
  ].join('\n')}\n`;
}
