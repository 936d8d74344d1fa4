import { join } from 'node:path';
import type { ObservedProcess } from '../../capture/capture-session.js';
import { planCargoRun } from '../../cargo/build/cargo-plan.js';
import type { ProfileSelection } from '../../cargo/build/derived-profile.js';
import { UsageError } from '../../cargo/command/usage-error.js';
import { isDocTestProgram } from '../../cargo/harness/doc-test-program.js';
import { buildCargoRun, type CargoTarget } from '../../cargo/launch/cargo-run.js';
import { type CargoProject, readCargoProject } from '../../cargo/project/cargo-project.js';
import { flagSpellings } from '../../surfaces/cli/command-line/flags.js';
import type {
  CargoOptions,
  CargoTargetRequest,
  ProfileChoice,
} from '../../surfaces/cli/command-line/options.js';
import { UsageProblem } from '../../surfaces/cli/command-line/usage-problem.js';
import { describeRun, dryRunText } from '../../surfaces/cli/commands/record/dry-run.js';
import { jsonText } from '../../surfaces/cli/outputs/json-text.js';
import type { Terminal } from '../../surfaces/cli/terminal/terminal.js';
import { emulationProblems } from './emulation.js';
import { cargoGroupOf } from './group-of-process.js';
import { HarnessAdmission } from './harness-admission.js';
import { idleBenchProblems } from './idle-benches.js';
import { launchedChild, type PreparedTarget, type TargetFacts } from './prepared-target.js';
import { programBehindRunner } from './program-behind-runner.js';
import { symbolProblems } from './symbol-problems.js';
import { userEnvironment } from './user-environment.js';

const PROFILES_FOLDER = 'profiles';

/** Throws UsageProblem, or CargoFailure when cargo refused. */
export async function findCargoProject(request: CargoTargetRequest): Promise<CargoProject> {
  const { cargo, program, typedBefore } = request;
  return await asUsageProblem(() =>
    readCargoProject({
      cargoArgs: cargo,
      programArgs: program,
      typedBefore,
      ourFlags: flagSpellings('cargo-profile-bee'),
      env: userEnvironment(),
    }),
  );
}

/** What `--dry-run` prints. Throws as `prepareCargoTarget` does; builds nothing. */
export async function planText(project: CargoProject, options: CargoOptions): Promise<string> {
  const run = await asUsageProblem(async () =>
    describeRun(await planCargoRun(project, toSelection(options.target.profile), true), options),
  );
  return options.inspection?.asJson ? jsonText(run) : dryRunText(run);
}

/** Builds what cargo would run. Throws UsageProblem, or CargoFailure when cargo refused. */
export async function prepareCargoTarget(
  project: CargoProject,
  { target: request, groupBy }: CargoOptions,
  terminal: Terminal,
): Promise<PreparedTarget> {
  const { profile, profileTimeSeconds } = request;
  const plan = await asUsageProblem(() => planCargoRun(project, toSelection(profile)));
  const run = await buildCargoRun(plan, (note) => terminal.note(note));
  const executables = run.targets.map(({ executable }) => executable);
  const targetOf = ({ argv, cwd }: ObservedProcess) =>
    run.targets[programBehindRunner(argv, cwd, executables)?.target ?? -1];
  const admission = new HarnessAdmission(run.verb, executables, {
    profileTimeSeconds,
    wantsTestNames: groupBy === 'test',
  });
  const benchOf = (process: ObservedProcess) => {
    const target = targetOf(process);
    return target?.kind === 'bench' ? { target, harness: admission.harnessKindOf(process.pid) } : undefined;
  };
  return {
    name: run.targetName,
    problems: symbolProblems(run.targets, profile?.kind === 'as-is'),
    packages: run.packages,
    sourceRoot: run.workspaceRoot,
    outputDirectory: join(run.targetDirectory, PROFILES_FOLDER),
    phases: run.phases,
    isForeign: false,
    handsOnSignals: run.verb === 'nextest',
    factsOf: (process) => factsOf(process, targetOf(process)),
    problemsAfter: (raw, processes) => [
      ...emulationProblems(raw, processes, (process) => targetOf(process)?.executable),
      ...idleBenchProblems(raw, processes, benchOf, request),
    ],
    groupOf: (process) =>
      cargoGroupOf(process, targetOf(process), {
        isDoctest: isDocTestProgram(process.executable),
        isNextest: run.verb === 'nextest',
        packages: run.packages,
        testNames: admission.testNamesOf(process.pid),
      }),
    notesAfter: () => admission.notes(),
    whyNothingRan: () => admission.whyNothingRan(),
    launch: async (session) => {
      session.admitBy(admission.admit);
      const { pid, exited } = await asUsageProblem(() => run.launch(session.gateCommand));
      return launchedChild(pid, exited);
    },
  };
}

async function asUsageProblem<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof UsageError ? new UsageProblem(error.message, error.hint) : error;
  }
}

function toSelection(profile: ProfileChoice): ProfileSelection | undefined {
  return profile?.kind === 'as-is' ? 'as-is' : profile;
}

function factsOf(process: ObservedProcess, target: CargoTarget | undefined): TargetFacts {
  if (target === undefined) return { kind: isDocTestProgram(process.executable) ? 'doctest' : 'command' };
  const { package: packageName, kind, profile, optLevel, debuginfo } = target;
  return { package: packageName, kind, profile, optLevel, debuginfo };
}
