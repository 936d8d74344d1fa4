import { basename } from 'node:path';
import { type Artifact, buildTarget } from './build.js';
import { type CargoCommand, parseCargoCommand } from './cargo-command.js';
import { hasFlag } from './cargo-flags.js';
import type { CargoContext } from './cargo-process.js';
import { showCargoHelp, showCargoRefusal } from './cargo-refusal.js';
import type { CargoVerb } from './cargo-verb.js';
import { chooseRunTarget } from './choose-run-target.js';
import { DERIVED_PROFILE, derivedProfileArguments, type ProfileSelection } from './derived-profile.js';
import { launchCargo, type RunningCargo } from './launch.js';
import { type PackageRoot, readMetadata, type WorkspaceMetadata } from './metadata.js';
import { launchArguments, runnerArguments, targetTriples } from './runner.js';
import { UsageError } from './usage-error.js';
import { readUserRunners } from './user-runner.js';

export interface CargoRunRequest {
  /** Cargo's part of the command line, with the verb if one was typed. */
  cargoArgs: readonly string[];
  /** Undefined: the line had no separator for them. */
  programArgs: readonly string[] | undefined;
  /** From our own `--dev`, `--profile NAME`, `--as-is`. */
  ourProfile?: ProfileSelection | undefined;
  /** What was typed up to cargo's part, for lines to paste: `['cargo', 'profile-bee', '--svg', 'out.svg']`. */
  typedBefore?: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export type CargoTargetKind = 'bin' | 'test' | 'bench' | 'example';

export interface CargoTarget {
  package: string;
  targetName: string;
  kind: CargoTargetKind;
  /** Name of the cargo profile that it is built with. */
  profile: string;
  optLevel: string;
  debuginfo: string;
  /** Absolute. */
  executable: string;
}

export interface CargoRun {
  verb: CargoVerb;
  /** For the name of the default output; without a slash. */
  targetName: string;
  /** What cargo will start, in its order; doc tests are not known beforehand. */
  targets: CargoTarget[];
  packages: PackageRoot[];
  /** Absolute. */
  workspaceRoot: string;
  /** Absolute. */
  targetDirectory: string;
  /** Lines for the user. */
  notes: string[];
  phases: { metadataNs: bigint; buildNs: bigint };
  /**
   * Starts cargo, with `gateCommand` in front of each program that it runs, and of the user's own runner.
   *
   * @throws UsageError when the two cannot be written together; nothing is started then
   */
  launch(gateCommand: readonly string[]): RunningCargo;
}

/**
 * Reads the workspace, builds what the cargo command would run, and prepares its launch.
 *
 * @throws UsageError for a command line that cannot be profiled, before anything is started
 * @throws CargoFailure when cargo ends first, with its exit code
 */
export async function prepareCargoRun(request: CargoRunRequest): Promise<CargoRun> {
  const context = { cwd: request.cwd ?? process.cwd(), env: request.env ?? process.env };
  const command = parseCargoCommand(request.cargoArgs, request.programArgs);
  const selection = resolveProfile(command, request.ourProfile);
  if (hasFlag(command.args, '--help')) return showCargoHelp(command.verb, context);

  const startNs = process.hrtime.bigint();
  const triples = await targetTriples(command.args, context);
  const [metadata, userRunners] = await Promise.all([
    readMetadata(command.args, context, triples),
    readUserRunners(command.args, context, triples),
  ]);
  const args = [
    ...(await chosenArguments(command, metadata, request, context)),
    ...profileArguments(command, selection),
  ];
  const metadataEndNs = process.hrtime.bigint();
  const artifacts = hasFlag(args, '--doc') ? [] : await buildTarget(command.verb, args, context);
  const buildEndNs = process.hrtime.bigint();

  const profile = profileName(command, selection);
  return {
    verb: command.verb,
    targetName: outputName(command.verb, artifacts, metadata),
    targets: artifacts.map((artifact) => cargoTarget(command.verb, artifact, metadata, profile)),
    packages: metadata.packages,
    workspaceRoot: metadata.workspaceRoot,
    targetDirectory: metadata.targetDirectory,
    notes: notesFor(command.verb, artifacts),
    phases: { metadataNs: metadataEndNs - startNs, buildNs: buildEndNs - metadataEndNs },
    launch(gateCommand) {
      // The same profile arguments as in the build, or cargo would build again.
      const runners = userRunners.flatMap((runner) => runnerArguments(gateCommand, runner));
      return launchCargo(launchArguments(command.verb, [...args, ...runners], command.programArgs), context);
    },
  };
}

function resolveProfile(command: CargoCommand, ours: ProfileSelection | undefined): ProfileSelection {
  const theirs = command.profileSelection;
  if (ours === undefined) return theirs ?? { kind: 'release' };
  if (ours === 'as-is' || theirs === undefined) return ours;
  throw new UsageError(
    `two profiles are chosen: one of ours and cargo's ${command.profileFlags.join(' ')}`,
    `leave out ${command.profileFlags.join(' ')}, or our --dev or --profile`,
  );
}

function profileArguments(command: CargoCommand, selection: ProfileSelection): string[] {
  return selection === 'as-is' ? command.profileFlags : derivedProfileArguments(command.verb, selection);
}

function profileName(command: CargoCommand, selection: ProfileSelection): string {
  if (selection !== 'as-is') return DERIVED_PROFILE;
  const typed = command.profileSelection;
  if (typed === undefined || typed === 'as-is') return command.verb === 'run' ? 'dev' : command.verb;
  return typed.kind === 'named' ? typed.name : typed.kind;
}

async function chosenArguments(
  command: CargoCommand,
  metadata: WorkspaceMetadata,
  request: CargoRunRequest,
  context: CargoContext,
): Promise<string[]> {
  if (command.verb !== 'run') return command.args;
  const choice = chooseRunTarget(metadata, command.args);
  if (choice.kind === 'refused')
    return showCargoRefusal(command, choice.candidates, request.typedBefore, context);
  return choice.kind === 'chosen' ? [...command.args, ...choice.flags] : command.args;
}

function cargoTarget(
  verb: CargoVerb,
  artifact: Artifact,
  metadata: WorkspaceMetadata,
  profile: string,
): CargoTarget {
  const owner = metadata.packages.find(({ id }) => id === artifact.packageId);
  return {
    package: owner?.name ?? '',
    targetName: artifact.targetName,
    kind: targetKind(verb, artifact),
    profile,
    optLevel: artifact.optLevel,
    debuginfo: artifact.debuginfo,
    executable: artifact.executable,
  };
}

/** A harness is a test, whatever it tests; what `cargo bench` runs with `--bench` is a bench. */
function targetKind(verb: CargoVerb, artifact: Artifact): CargoTargetKind {
  if (verb === 'run') return artifact.kind === 'example' ? 'example' : 'bin';
  return verb === 'bench' ? 'bench' : 'test';
}

/** One target gives its name; several give the package's, or the workspace's, and the verb. */
function outputName(verb: CargoVerb, artifacts: readonly Artifact[], metadata: WorkspaceMetadata): string {
  const [first, second] = artifacts;
  if (first !== undefined && second === undefined) return first.targetName;
  const owners = new Set(artifacts.map(({ packageId }) => packageId));
  const owner = metadata.packages.find(({ id }) => owners.size === 1 && owners.has(id));
  return `${owner?.name ?? basename(metadata.workspaceRoot)}-${verb}`;
}

function notesFor(verb: CargoVerb, artifacts: readonly Artifact[]): string[] {
  const isUnchecked = verb === 'test' && artifacts.some(({ hasDebugAssertions }) => !hasDebugAssertions);
  return isUnchecked
    ? ['tests are built optimized, with debug assertions and overflow checks off (--dev keeps them)']
    : [];
}
