import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CargoFailure } from '../build/cargo-failure.js';
import { flagsNamed, hasFlag } from '../command/cargo-flags.js';
import { type CargoContext, runCargo } from '../launch/cargo-process.js';

export interface PackageRoot {
  name: string;
  version: string;
  /** Absolute; contains the package's Cargo.toml. */
  directory: string;
  isWorkspaceMember: boolean;
  /** The crates it builds for the program, without build scripts. */
  crateNames: string[];
}

export interface MetadataTarget {
  name: string;
  /** As cargo writes them: `bin`, `lib`, `example`, `test`, `bench`, `custom-build`, `proc-macro`, … */
  kinds: string[];
  crateTypes: string[];
  requiredFeatures: string[];
  /** `test`: cargo test builds it with its harness; `doctest`: cargo test runs its documentation examples. */
  isTested: boolean;
  hasDocTests: boolean;
}

export interface MetadataPackage extends PackageRoot {
  id: string;
  targets: MetadataTarget[];
  /** Names of its direct dependencies, including those of tests and benches. */
  dependencies: string[];
  defaultRun: string | undefined;
  /** Absolute. */
  manifestPath: string;
  /** `[package.metadata]` as JSON; null if absent. */
  metadata: unknown;
}

export interface WorkspaceMetadata {
  /** All packages of the resolved graph, dependencies included. */
  packages: MetadataPackage[];
  members: MetadataPackage[];
  /** What cargo selects in this directory without `-p`. */
  defaultMembers: MetadataPackage[];
  targetDirectory: string;
  workspaceRoot: string;
  workspaceManifestPath: string;
  /** `[workspace.metadata]` as JSON; null if absent. */
  metadata: unknown;
}

/**
 * `cargo metadata` with the user's manifest, features and sources; about 30 ms once everything is downloaded. Quiet,
 * because the build repeats each warning; errors go to the terminal in cargo's words.
 *
 * @throws CargoFailure
 */
export async function readMetadata(
  args: readonly string[],
  context: CargoContext,
  triples: readonly string[],
): Promise<WorkspaceMetadata> {
  const command = ['metadata', '--quiet', '--format-version', '1'];
  const platforms = triples.flatMap((triple) => ['--filter-platform', triple]);
  const lines: string[] = [];
  const full = [...command, ...platforms, ...metadataArguments(args)];
  try {
    await runCargo(full, context, (line) => lines.push(line));
  } catch (error) {
    if (error instanceof CargoFailure && error.stderrShown && !hasManifest(args, context.cwd))
      throw outsideProject(error);
    throw error;
  }
  const metadata = parseMetadata(JSON.parse(lines.join('\n')) as CargoMetadata);
  // `cargo metadata` does not take the flag.
  const typed = flagsNamed(args, '--target-dir').at(-1)?.value;
  return typed === undefined ? metadata : { ...metadata, targetDirectory: resolve(context.cwd, typed) };
}

function hasManifest(args: readonly string[], cwd: string): boolean {
  if (hasFlag(args, '--manifest-path')) return true;
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'Cargo.toml'))) return true;
    if (directory === dirname(directory)) return false;
  }
}

function outsideProject(error: CargoFailure): CargoFailure {
  const advice =
    'go to a cargo project, or add --manifest-path PATH/Cargo.toml; for any other program: cargo profile-bee record -- COMMAND';
  return new CargoFailure(error.message, error.exitCode, true, advice);
}

const PASSED_ON = [
  ...['--manifest-path', '--lockfile-path', '--features', '--all-features', '--no-default-features'],
  ...['--offline', '--locked', '--frozen', '--config', '--color', '-Z'],
];

function metadataArguments(args: readonly string[]): string[] {
  return flagsNamed(args, ...PASSED_ON).flatMap((flag) => flag.tokens);
}

interface CargoMetadataTarget {
  name: string;
  kind: string[];
  crate_types: string[];
  'required-features'?: string[];
  test: boolean;
  doctest: boolean;
}

/** The fields of cargo's JSON (format version 1) that we read. */
interface CargoMetadata {
  packages: {
    id: string;
    name: string;
    version: string;
    manifest_path: string;
    default_run: string | null;
    targets: CargoMetadataTarget[];
    dependencies: { name: string }[];
    metadata: unknown;
  }[];
  workspace_members: string[];
  /** Since cargo 1.71. */
  workspace_default_members?: string[];
  target_directory: string;
  workspace_root: string;
  metadata: unknown;
}

function parseMetadata(metadata: CargoMetadata): WorkspaceMetadata {
  const memberIds = new Set(metadata.workspace_members);
  const defaultIds = new Set(metadata.workspace_default_members ?? metadata.workspace_members);
  const packages = metadata.packages.map((found) => ({
    id: found.id,
    name: found.name,
    version: found.version,
    directory: dirname(found.manifest_path),
    isWorkspaceMember: memberIds.has(found.id),
    crateNames: found.targets.filter(({ kind }) => !kind.includes('custom-build')).map(({ name }) => name),
    targets: found.targets.map(toTarget),
    dependencies: found.dependencies.map(({ name }) => name),
    defaultRun: found.default_run ?? undefined,
    manifestPath: found.manifest_path,
    metadata: found.metadata,
  }));
  return {
    packages,
    members: packages.filter((found) => found.isWorkspaceMember),
    defaultMembers: packages.filter((found) => defaultIds.has(found.id)),
    targetDirectory: metadata.target_directory,
    workspaceRoot: metadata.workspace_root,
    workspaceManifestPath: join(metadata.workspace_root, 'Cargo.toml'),
    metadata: metadata.metadata,
  };
}

function toTarget(target: CargoMetadataTarget): MetadataTarget {
  return {
    name: target.name,
    kinds: target.kind,
    crateTypes: target.crate_types,
    requiredFeatures: target['required-features'] ?? [],
    isTested: target.test,
    hasDocTests: target.doctest,
  };
}
