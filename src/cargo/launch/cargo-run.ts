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
  /** As in nextest: see binaryId. */
  binaryId: string;
  /** The cargo profile that it is built with. */
  profile: string;
  optLevel: string;
  debuginfo: string;
  /** Names of its package's direct dependencies. */
  dependencies: readonly string[];
  /** Absolute. */
  executable: string;
}

/** A finished build, ready to start. */
export interface CargoRun {
  verb: CargoVerb;
  /** Names the default output; contains no slash. */
  targetName: string;
  /** What cargo will start, in its order; doc tests are not known in advance. */
  targets: CargoTarget[];
  packages: PackageRoot[];
  /** Absolute. */
  workspaceRoot: string;
  /** Absolute. */
  targetDirectory: string;
  phases: { metadataNs: bigint; buildNs: bigint };
  /**
   * Starts cargo, with `gateCommand` in front of each program that it runs, and in front of the user's own runner.
   *
   * @throws UsageError if the two cannot be combined; nothing is started then
   */
  launch(gateCommand: readonly string[]): RunningCargo;
}

/**
 * Builds what the plan says; `onNote` receives lines for the user as they become known.
 *
 * @throws CargoFailure if cargo ends first, with its exit code
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
 * Whether the names given to the harnesses match no doc test that cargo would reach: rustdoc would print "running 0 tests"
 * for each crate. `--tests` is cargo's usual selection without doc tests.
 */
async function matchesNoDocTest({ project, args }: CargoPlan): Promise<boolean> {
  const { command, context, metadata } = project;
  const isAsked = command.verb === 'test' && hasFilter(command.programArgs) && !hasFlag(args, '--doc');
  const hasDocTests = metadata.members.some(({ targets }) => targets.some((target) => target.hasDocTests));
  if (!isAsked || !hasDocTests || !runsDocTests(args)) return false;
  const listing = await listDocTests(args, command.programArgs, context);
  return listing.kind === 'listed' && listing.tests.length === 0;
}

/** If dependencies are compiled, notes once why. */
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

/** Profiles whose folder in `target` has another name. */
const FOLDERS: Record<string, string> = { dev: 'debug', test: 'debug', bench: 'release' };

/** Call it before the build creates the folder. */
function dependencyReason({ project, profile }: CargoPlan): string {
  const { targetDirectory } = project.metadata;
  const triples = project.userRunners.map(({ triple }) => triple);
  const folder = FOLDERS[profile.name] ?? profile.name;
  const isKnown = ['', ...triples].some((triple) => existsSync(join(targetDirectory, triple, folder)));
  if (isKnown)
    return `building dependencies that profile ${profile.name} has not built yet: tests add dependencies, or features, flags, versions or the compiler changed`;
  if (profile.inherits === undefined)
    return `building dependencies: profile ${profile.name} has no build yet`;
  return `building dependencies once for profile ${profile.name} (${profile.inherits} with symbols) in a folder of its own; the ${profile.inherits} build stays untouched`;
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

/** Every harness is a test; what `cargo bench` runs with `--bench` is a bench. */
function targetKind(verb: CargoVerb, artifact: Artifact): CargoTargetKind {
  if (verb === 'run') return artifact.kind === 'example' ? 'example' : 'bin';
  return verb === 'bench' ? 'bench' : 'test';
}

/** The name of the only target; for several, the package's or workspace's name and the verb. */
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
    onNote('tests are built optimized, without debug assertions and overflow checks (--dev keeps them)');
}
