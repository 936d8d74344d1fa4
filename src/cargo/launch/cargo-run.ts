import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { binaryId } from '../build/binary-id.js';
import { type Artifact, buildTarget } from '../build/build.js';
import { buildLine, type CargoPlan, launchLine } from '../build/cargo-plan.js';
import { hasFlag } from '../command/cargo-flags.js';
import type { CargoVerb } from '../command/cargo-verb.js';
import { listDocTests, runsDocTests } from '../harness/doc-test-listing.js';
import { hasFilter } from '../harness/harness-arguments.js';
import type { PackageRoot, WorkspaceMetadata } from '../project/metadata.js';
import { launchCargo, type RunningCargo } from './launch.js';

export type CargoTargetKind = 'bin' | 'test' | 'bench' | 'example';

export interface CargoTarget {
  package: string;
  targetName: string;
  /** Root of its crate, absolute. */
  sourcePath: string;
  kind: CargoTargetKind;
  /** As nextest calls it: see binaryId. */
  binaryId: string;
  /** Name of the cargo profile that it is built with. */
  profile: string;
  optLevel: string;
  debuginfo: string;
  /** Names of the packages that its own package asks for. */
  dependencies: readonly string[];
  /** Absolute. */
  executable: string;
}

/** What was built, ready to be started. */
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
  phases: { metadataNs: bigint; buildNs: bigint };
  /**
   * Starts cargo, with `gateCommand` in front of each program that it runs, and of the user's own runner.
   *
   * @throws UsageError when the two cannot be written together; nothing is started then
   */
  launch(gateCommand: readonly string[]): RunningCargo;
}

/**
 * Builds what the plan says; `onNote` gets lines for the user as they become true.
 *
 * @throws CargoFailure when cargo ends first, with its exit code
 */
export async function buildCargoRun(plan: CargoPlan, onNote: (line: string) => void): Promise<CargoRun> {
  const { project, profile, args } = plan;
  const { command, context, metadata } = project;
  const startNs = process.hrtime.bigint();
  const artifacts = hasFlag(args, '--doc') ? [] : await build(plan, onNote);
  noteChecks(command.verb, artifacts, onNote);
  const launchedPlan = (await matchesNoDocTest(plan)) ? { ...plan, args: [...args, '--tests'] } : plan;
  return {
    verb: command.verb,
    targetName: outputName(command.verb, artifacts, metadata),
    targets: artifacts.map((artifact) => cargoTarget(command.verb, artifact, metadata, profile.name)),
    packages: metadata.packages,
    workspaceRoot: metadata.workspaceRoot,
    targetDirectory: metadata.targetDirectory,
    phases: { metadataNs: project.metadataNs, buildNs: process.hrtime.bigint() - startNs },
    launch: (gateCommand) => launchCargo(launchLine(launchedPlan, gateCommand), context),
  };
}

/**
 * Whether a name for the harnesses selects none of the doc tests that cargo would come to: rustdoc would say "running 0
 * tests" for each crate. `--tests` is cargo's usual choice without them.
 */
async function matchesNoDocTest({ project, args }: CargoPlan): Promise<boolean> {
  const { command, context, metadata } = project;
  const isAsked = command.verb === 'test' && hasFilter(command.programArgs) && !hasFlag(args, '--doc');
  const hasDocTests = metadata.members.some(({ targets }) => targets.some((target) => target.hasDocTests));
  if (!isAsked || !hasDocTests || !runsDocTests(args)) return false;
  const listing = await listDocTests(args, command.programArgs, context);
  return listing.kind === 'listed' && listing.tests.length === 0;
}

/** Says once why dependencies are compiled, when they are. */
async function build(plan: CargoPlan, onNote: (line: string) => void): Promise<Artifact[]> {
  const { command, context, metadata } = plan.project;
  const reason = dependencyReason(plan);
  const members = new Set(metadata.members.map(({ id }) => id));
  let isSaid = false;
  return await buildTarget(command.verb, buildLine(plan), context, (packageId) => {
    if (isSaid || members.has(packageId)) return;
    isSaid = true;
    onNote(reason);
  });
}

/** Profiles whose folder below `target` has another name. */
const FOLDERS: Record<string, string> = { dev: 'debug', test: 'debug', bench: 'release' };

/** To be asked before the build makes the folder. */
function dependencyReason({ project, profile }: CargoPlan): string {
  const { targetDirectory } = project.metadata;
  const triples = project.userRunners.map(({ triple }) => triple);
  const folder = FOLDERS[profile.name] ?? profile.name;
  const isKnown = ['', ...triples].some((triple) => existsSync(join(targetDirectory, triple, folder)));
  if (isKnown)
    return `dependencies are built that profile ${profile.name} has no build of: tests have their own, or features, flags, versions or the compiler have changed`;
  if (profile.inherits === undefined)
    return `dependencies are built: profile ${profile.name} has no build yet`;
  return `dependencies are built once for profile ${profile.name} (${profile.inherits} with symbols), which has a folder of its own; the build of ${profile.inherits} stays as it is`;
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
    sourcePath: artifact.sourcePath,
    kind: targetKind(verb, artifact),
    binaryId: binaryId(owner?.name ?? artifact.targetName, artifact.kind, artifact.targetName),
    profile,
    optLevel: artifact.optLevel,
    debuginfo: artifact.debuginfo,
    dependencies: owner?.dependencies ?? [],
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

function noteChecks(verb: CargoVerb, artifacts: readonly Artifact[], onNote: (line: string) => void): void {
  if (
    (verb === 'test' || verb === 'nextest') &&
    artifacts.some(({ hasDebugAssertions }) => !hasDebugAssertions)
  )
    onNote('tests are built optimized, with debug assertions and overflow checks off (--dev keeps them)');
}
