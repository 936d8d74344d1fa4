import type { CargoCommand } from '../command/cargo-command.js';
import { showCargoRefusal } from '../command/cargo-refusal.js';
import type { CargoVerb } from '../command/cargo-verb.js';
import { nextestBuildArguments } from '../command/nextest-command.js';
import { UsageError } from '../command/usage-error.js';
import { cargoProgram } from '../launch/cargo-process.js';
import { launchArguments, runnerArguments } from '../launch/runner.js';
import type { CargoProject } from '../project/cargo-project.js';
import { chooseRunTarget } from '../project/choose-run-target.js';
import { type BuildProfile, chooseBuildProfile } from './cargo-profile.js';
import type { ProfileSelection } from './derived-profile.js';

/** The two cargo calls of a run, before either is made. */
export interface CargoPlan {
  project: CargoProject;
  profile: BuildProfile;
  /** For both calls: what to build, and how. */
  args: string[];
}

/**
 * Decides what cargo will run and with which profile.
 *
 * @param ourProfile from our own `--dev`, `--profile NAME`, `--as-is`, or from configuration
 * @param wantsRoots whether to ask cargo what it will build even if no decision needs it
 * @throws UsageError if two profiles are chosen
 * @throws CargoFailure if `cargo run` would refuse
 */
export async function planCargoRun(
  project: CargoProject,
  ourProfile: ProfileSelection | undefined,
  wantsRoots = false,
): Promise<CargoPlan> {
  const selection = resolveProfile(project.command, ourProfile);
  const chosen = await chosenArguments(project);
  const profile = await chooseBuildProfile(project, selection, chosen, wantsRoots);
  return { project, profile, args: [...chosen, ...profile.args] };
}

function resolveProfile(command: CargoCommand, ours: ProfileSelection | undefined): ProfileSelection {
  const theirs = command.profileSelection;
  if (ours === undefined) return theirs ?? { kind: 'release' };
  if (ours === 'as-is' || theirs === undefined) return ours;
  throw new UsageError(
    `two profiles are chosen: one by our flags, one by cargo's ${command.profileFlags.join(' ')}`,
    `leave out ${command.profileFlags.join(' ')}, or our --dev or --profile`,
  );
}

async function chosenArguments({ command, metadata, typedBefore, context }: CargoProject): Promise<string[]> {
  if (command.verb !== 'run') return command.args;
  const choice = chooseRunTarget(metadata, command.args);
  if (choice.kind === 'refused') return showCargoRefusal(command, choice.candidates, typedBefore, context);
  return choice.kind === 'chosen' ? [...command.args, ...choice.flags] : command.args;
}

/** The command that builds, program first. */
export function buildLine({ project, args }: CargoPlan): string[] {
  const { command, context } = project;
  return [cargoProgram(context.env), ...buildArguments(command.verb, args)];
}

function buildArguments(verb: CargoVerb, args: readonly string[]): string[] {
  const format = 'message-format=json-render-diagnostics';
  if (verb === 'run') return ['build', `--${format}`, ...args];
  if (verb === 'nextest')
    return ['nextest', 'run', '--no-run', `--cargo-${format}`, ...nextestBuildArguments(args)];
  return [verb, '--no-run', `--${format}`, ...args];
}

/**
 * The command that runs, program first. It finds everything built and puts `gateCommand` in front of each program that it
 * starts, and in front of the user's own runner.
 *
 * @throws UsageError if the gate and the user's runner cannot be combined
 */
export function launchLine({ project, args }: CargoPlan, gateCommand: readonly string[]): string[] {
  const { command, context, userRunners } = project;
  // Repeats the profile arguments of the build; otherwise cargo would build again.
  const runners = userRunners.flatMap((runner) => runnerArguments(gateCommand, runner));
  const words = launchArguments(command.verb, args, runners, command.programArgs);
  return [cargoProgram(context.env), ...words];
}
