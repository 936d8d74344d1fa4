import { join } from 'node:path';
import type { ObservedProcess } from '../../capture/capture-session.js';
import { planCargoRun } from '../../cargo/build/cargo-plan.js';
import type { OurFlags } from '../../cargo/command/parse-cargo-arguments.js';
import { isDocTestProgram } from '../../cargo/harness/doc-test-program.js';
import { buildCargoRun, type CargoRun, type CargoTarget } from '../../cargo/launch/cargo-run.js';
import { type CargoProject, readCargoProject } from '../../cargo/project/cargo-project.js';
import { downloadedDebugFiles } from '../../symbolize/debuginfod/downloaded-files.js';
import { cargoGroupOf } from './group-of-process.js';
import { HarnessAdmission } from './harness-admission.js';
import { launchedChild, type PreparedTarget, type TargetFacts } from './prepared-target.js';
import { programBehindRunner } from './program-behind-runner.js';
import type { CargoTargetRequest } from './target-request.js';
import { userEnvironment } from './user-environment.js';
import { emulationProblems } from './warnings/emulation.js';
import { idleBenchProblems } from './warnings/idle-benches.js';
import { symbolProblems } from './warnings/symbol-problems.js';

const PROFILES_FOLDER = 'profiles';

/**
 * The project of a command line. `ourFlags`: the flags of our own command, in every spelling. Throws UsageError, or
 * CargoFailure if cargo refuses.
 */
export async function findCargoProject(
  { cargo, program, typedBefore }: CargoTargetRequest,
  ourFlags: OurFlags,
): Promise<CargoProject> {
  return await readCargoProject({
    cargoArgs: cargo,
    programArgs: program,
    typedBefore,
    ourFlags,
    env: userEnvironment(),
  });
}

/** Builds what cargo would run. Throws UsageError, or CargoFailure if cargo refuses. */
export async function prepareCargoTarget(
  project: CargoProject,
  request: CargoTargetRequest,
  { wantsTestNames, note }: { wantsTestNames: boolean; note: (text: string) => void },
): Promise<PreparedTarget> {
  const { profile, profileTimeSeconds } = request;
  const plan = await planCargoRun(project, profile);
  const run = await buildCargoRun(plan, note);
  const executables = run.targets.map(({ executable }) => executable);
  const admission = new HarnessAdmission(run.verb, executables, { profileTimeSeconds, wantsTestNames });
  return {
    name: run.targetName,
    problems: symbolProblems(run.targets, profile === 'as-is', downloadedDebugFiles(process.env)),
    packages: run.packages,
    sourceRoot: run.workspaceRoot,
    outputDirectory: join(run.targetDirectory, PROFILES_FOLDER),
    phases: run.phases,
    isForeign: false,
    handsOnSignals: run.verb === 'nextest',
    ...observed(run, admission, request),
    notesAfter: () => admission.notes(),
    whyNothingRan: () => admission.whyNothingRan(),
    launch: async (session) => {
      session.admitBy(admission.admit);
      const { pid, exited } = await run.launch(session.gateCommand);
      return launchedChild(pid, exited);
    },
  };
}

/** What is known of the processes that came through the gate, each by the target that it is. */
function observed(
  run: CargoRun,
  admission: HarnessAdmission,
  request: CargoTargetRequest,
): Pick<PreparedTarget, 'factsOf' | 'groupOf' | 'problemsAfter'> {
  const executables = run.targets.map(({ executable }) => executable);
  const targetOf = ({ argv, cwd }: ObservedProcess) =>
    run.targets[programBehindRunner(argv, cwd, executables)?.target ?? -1];
  const benchOf = (process: ObservedProcess) => {
    const target = targetOf(process);
    return target?.kind === 'bench' ? { target, harness: admission.harnessKindOf(process.pid) } : undefined;
  };
  return {
    factsOf: (process) => factsOf(process, targetOf(process)),
    groupOf: (process) =>
      cargoGroupOf(process, targetOf(process), {
        isDoctest: isDocTestProgram(process.executable),
        isNextest: run.verb === 'nextest',
        packages: run.packages,
        testNames: admission.testNamesOf(process.pid),
      }),
    problemsAfter: ({ work, processes }) => [
      ...emulationProblems(work, processes, (process) => targetOf(process)?.executable),
      ...idleBenchProblems(work, processes, benchOf, request),
    ],
  };
}

function factsOf(process: ObservedProcess, target: CargoTarget | undefined): TargetFacts {
  if (target === undefined) return { kind: isDocTestProgram(process.executable) ? 'doctest' : 'command' };
  const { package: packageName, kind, profile, optLevel, debuginfo } = target;
  return { package: packageName, kind, profile, optLevel, debuginfo };
}
