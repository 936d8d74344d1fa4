import type { CargoVerb } from '../command/cargo-verb.js';
import { type CargoContext, runCargo } from '../launch/cargo-process.js';

export type ArtifactKind = 'lib' | 'bin' | 'example' | 'test' | 'bench';

/** An executable that cargo built or found up to date. */
export interface Artifact {
  packageId: string;
  targetName: string;
  /** Root of its crate, absolute. */
  sourcePath: string;
  /** All library crate types are `lib`. */
  kind: ArtifactKind;
  /** Absolute. */
  executable: string;
  /** `0`…`3`, `s`, `z`. */
  optLevel: string;
  /** As in a profile: `0`, `1`, `2`, `line-tables-only`, … Says nothing about stripping. */
  debuginfo: string;
  hasDebugAssertions: boolean;
  /** A test or bench harness, or the target that replaces it (`harness = false`). */
  isTest: boolean;
}

/**
 * Builds what the verb would run, with cargo's own verb, because `cargo build --tests` uses another profile than `cargo
 * test`. Cargo reports artifacts in the order in which jobs finish; they are returned in the order in which cargo would run
 * them. `onCompiled` receives the package of each crate that was not up to date, as it is compiled.
 *
 * @param line from `buildLine`, program first
 * @throws CargoFailure with cargo's exit code; compile errors are already on the terminal
 */
export async function buildTarget(
  verb: CargoVerb,
  [, ...args]: readonly string[],
  context: CargoContext,
  onCompiled: (packageId: string) => void = () => {},
): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  await runCargo(args, context, (line) => {
    const message = parseMessage(line);
    if (message?.fresh === false) onCompiled(message.package_id);
    const artifact = message && toArtifact(message);
    if (artifact !== undefined && isRunBy(verb, artifact)) artifacts.push(artifact);
  });
  return artifacts.sort(inCargoOrder);
}

interface CompilerArtifact {
  reason: string;
  package_id: string;
  target: { name: string; kind: string[]; src_path: string };
  profile: { opt_level: string; debuginfo: number | string | null; debug_assertions: boolean; test: boolean };
  executable: string | null;
  fresh: boolean;
}

/**
 * One line of cargo's output; undefined for other messages, targets without an executable, and text that is not cargo's.
 */
export function parseArtifact(line: string): Artifact | undefined {
  const message = parseMessage(line);
  return message && toArtifact(message);
}

function parseMessage(line: string): CompilerArtifact | undefined {
  if (!line.startsWith('{')) return undefined;
  const message = parseJson(line);
  return message?.reason === 'compiler-artifact' ? message : undefined;
}

function toArtifact(message: CompilerArtifact): Artifact | undefined {
  if (message.executable === null) return undefined;
  const { target, profile } = message;
  return {
    packageId: message.package_id,
    targetName: target.name,
    sourcePath: target.src_path,
    kind: artifactKind(target.kind),
    executable: message.executable,
    optLevel: profile.opt_level,
    debuginfo: String(profile.debuginfo ?? 0),
    hasDebugAssertions: profile.debug_assertions,
    isTest: profile.test,
  };
}

function parseJson(line: string): CompilerArtifact | undefined {
  try {
    return JSON.parse(line) as CompilerArtifact;
  } catch {
    return undefined;
  }
}

function artifactKind([kind]: readonly string[]): ArtifactKind {
  return kind === 'bin' || kind === 'example' || kind === 'test' || kind === 'bench' ? kind : 'lib';
}

/** `cargo test` also builds plain binaries and examples; it does not run them. */
function isRunBy(verb: CargoVerb, artifact: Artifact): boolean {
  if (verb === 'run') return !artifact.isTest && (artifact.kind === 'bin' || artifact.kind === 'example');
  return artifact.isTest;
}

const KIND_ORDER: readonly ArtifactKind[] = ['lib', 'bin', 'test', 'bench', 'example'];

function inCargoOrder(one: Artifact, other: Artifact): number {
  return (
    compare(one.packageId, other.packageId) ||
    KIND_ORDER.indexOf(one.kind) - KIND_ORDER.indexOf(other.kind) ||
    compare(one.targetName, other.targetName)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
