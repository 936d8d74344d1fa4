import { flagsNamed } from '../command/cargo-flags.js';
import type { MetadataPackage, WorkspaceMetadata } from './metadata.js';
import { matchesPackageSpec } from './package-spec.js';

/**
 * What `cargo run` would do:
 * - `chosen`: run this target; `flags` is what the user's arguments lack for `cargo build` to build only it.
 * - `refused`: fail before building; `candidates` are flags that would work, `--bin server`.
 * - `cargo-decides`: the arguments are beyond this function; they go to cargo unchanged.
 */
export type RunChoice =
  | { kind: 'chosen'; flags: string[] }
  | { kind: 'refused'; candidates: string[] }
  | { kind: 'cargo-decides' };

/** Cargo's rules: packages by `-p` or the directory; then `--bin`/`--example`, else the default-run, else the only bin. */
export function chooseRunTarget(metadata: WorkspaceMetadata, args: readonly string[]): RunChoice {
  const packages = selectedPackages(metadata, args);
  if (packages === undefined) return { kind: 'cargo-decides' };
  const explicit = flagsNamed(args, '--bin', '--example');
  if (explicit.length > 0) {
    if (explicit.some(({ value }) => value === undefined || isPattern(value)))
      return { kind: 'cargo-decides' };
    const matches = explicit.flatMap((flag) =>
      candidatesOf(packages, flag.name).filter(({ name }) => name === flag.value),
    );
    return matches.length === 1 ? { kind: 'chosen', flags: [] } : refused(packages);
  }
  const defaultRuns = packages.flatMap((found) => found.defaultRun ?? []);
  if (defaultRuns.length === 1) return { kind: 'chosen', flags: ['--bin', ...defaultRuns] };
  const bins = candidatesOf(packages, '--bin');
  const [only] = bins;
  return only !== undefined && bins.length === 1
    ? { kind: 'chosen', flags: ['--bin', only.name] }
    : refused(packages);
}

/** By `-p` or the directory; undefined if only cargo can resolve the arguments. */
export function selectedPackages(
  metadata: WorkspaceMetadata,
  args: readonly string[],
): MetadataPackage[] | undefined {
  const [first, ...more] = flagsNamed(args, '--package');
  if (first === undefined) return metadata.defaultMembers;
  const matches = metadata.members.filter((member) => matchesPackageSpec(member, first.value ?? ''));
  // Cargo itself reports a spec that matches nothing, and handles patterns.
  return more.length === 0 && matches.length === 1 ? matches : undefined;
}

interface Candidate {
  package: MetadataPackage;
  name: string;
}

function candidatesOf(packages: readonly MetadataPackage[], flag: string): Candidate[] {
  const kind = flag === '--example' ? 'example' : 'bin';
  return packages.flatMap((found) =>
    found.targets
      .filter((target) => target.kinds.includes(kind))
      .map(({ name }) => ({ package: found, name })),
  );
}

function refused(packages: readonly MetadataPackage[]): RunChoice {
  const bins = flagLines(candidatesOf(packages, '--bin'), '--bin');
  return {
    kind: 'refused',
    candidates: bins.length > 0 ? bins : flagLines(candidatesOf(packages, '--example'), '--example'),
  };
}

/** A name shared by two packages needs `-p` as well. */
function flagLines(candidates: readonly Candidate[], flag: string): string[] {
  return candidates.map(({ package: { name: owner }, name }) => {
    const isShared = candidates.filter((other) => other.name === name).length > 1;
    return `${isShared ? `-p ${owner} ` : ''}${flag} ${name}`;
  });
}

function isPattern(name: string): boolean {
  return /[*?[\]]/.test(name);
}
