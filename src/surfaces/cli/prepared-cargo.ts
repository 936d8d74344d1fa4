import { join } from 'node:path';
import type { ObservedProcess } from '../../capture/session.js';
import type { ProfileSelection } from '../../cargo/derived-profile.js';
import { type CargoRun, type CargoTarget, prepareCargoRun } from '../../cargo/plan-cargo-run.js';
import { UsageError } from '../../cargo/usage-error.js';
import type { ProfileChoice, TargetRequest } from './options.js';
import type { PreparedTarget, TargetFacts } from './prepared-target.js';
import type { Terminal } from './terminal.js';
import { UsageProblem } from './usage-problem.js';

type CargoRequest = Extract<TargetRequest, { kind: 'cargo' }>;

const PROFILES_FOLDER = 'profiles';
/** Where rustdoc puts the programs that it makes of examples in documentation. */
const DOCTEST = /\/rustdoctest[^/]*\//;

/** Builds what cargo would run. Throws UsageProblem, or CargoFailure when cargo refused. */
export async function prepareCargoTarget(request: CargoRequest, terminal: Terminal): Promise<PreparedTarget> {
  const run = await build(request);
  for (const note of run.notes) terminal.say(`note: ${note}`);
  return {
    name: run.targetName,
    packages: run.packages,
    sourceRoot: run.workspaceRoot,
    outputDirectory: join(run.targetDirectory, PROFILES_FOLDER),
    phases: run.phases,
    isForeign: false,
    factsOf: (process) => factsOf(process, run.targets),
    launch: async (session) => {
      const { pid, exited } = run.launch(session.gateCommand);
      return { pid, ended: exited };
    },
  };
}

async function build({ cargo, program, profile, typedBefore }: CargoRequest): Promise<CargoRun> {
  try {
    return await prepareCargoRun({
      cargoArgs: cargo,
      programArgs: program,
      ourProfile: toSelection(profile),
      typedBefore,
    });
  } catch (error) {
    throw error instanceof UsageError ? new UsageProblem(error.message, error.hint) : error;
  }
}

function toSelection(profile: ProfileChoice): ProfileSelection | undefined {
  return profile?.kind === 'as-is' ? 'as-is' : profile;
}

function factsOf({ executable }: ObservedProcess, targets: readonly CargoTarget[]): TargetFacts {
  const target = targets.find((candidate) => candidate.executable === executable);
  if (target === undefined) return { kind: DOCTEST.test(executable) ? 'doctest' : 'command' };
  const { package: packageName, kind, profile, optLevel, debuginfo } = target;
  return { package: packageName, kind, profile, optLevel, debuginfo };
}
