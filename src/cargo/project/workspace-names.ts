import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { flagsNamed, hasFlag } from '../command/cargo-flags.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';
import { matchesPackageSpec } from './package-spec.js';

export const NAME_KINDS = ['bin', 'test', 'bench', 'example', 'package', 'feature', 'profile'] as const;
export type NameKind = (typeof NAME_KINDS)[number];

const BUILT_IN_PROFILES = ['dev', 'release', 'test', 'bench'];

/** Enough for a workspace of a thousand packages. */
const MAX_METADATA_BYTES = 256 << 20;

/** The fields of cargo's JSON (format version 1) that we read. */
interface Metadata {
  packages: {
    id: string;
    name: string;
    version: string;
    targets: { name: string; kind: string[] }[];
    features: Record<string, unknown>;
  }[];
  workspace_members: string[];
  workspace_default_members?: string[];
  workspace_root: string;
}

/**
 * The possible values of `--bin`, `--package`, … in a cargo command with the arguments `args`; sorted. Prints nothing,
 * downloads and resolves nothing, because it runs while somebody types. Rejects outside a project.
 */
export async function workspaceNames(
  kind: NameKind,
  args: readonly string[],
  context: CargoContext,
): Promise<string[]> {
  const metadata = await readQuietly(args, context);
  return [...new Set(await namesIn(metadata, kind, args))].sort();
}

async function readQuietly(args: readonly string[], context: CargoContext): Promise<Metadata> {
  const manifest = flagsNamed(args, '--manifest-path').flatMap((flag) => flag.tokens);
  const command = ['metadata', '--no-deps', '--offline', '--quiet', '--format-version', '1', ...manifest];
  const { stdout } = await promisify(execFile)(cargoProgram(context.env), command, {
    ...context,
    maxBuffer: MAX_METADATA_BYTES,
  });
  return JSON.parse(stdout) as Metadata;
}

async function namesIn(metadata: Metadata, kind: NameKind, args: readonly string[]): Promise<string[]> {
  if (kind === 'profile') return await profileNames(metadata.workspace_root);
  if (kind === 'package') return metadata.packages.map(({ name }) => name);
  const packages = selectedPackages(metadata, args);
  if (kind === 'feature') return packages.flatMap(({ features }) => Object.keys(features));
  const targets = packages.flatMap((found) => found.targets);
  return targets.filter((target) => target.kind.includes(kind)).map(({ name }) => name);
}

/** As cargo selects them: `-p`, else all with `--workspace`, else the default members of this directory. */
function selectedPackages(metadata: Metadata, args: readonly string[]): Metadata['packages'] {
  const { packages } = metadata;
  const specs = flagsNamed(args, '--package').map(({ value = '' }) => value);
  const named = packages.filter((found) => specs.some((spec) => matchesPackageSpec(found, spec)));
  if (named.length > 0) return named;
  const defaults = metadata.workspace_default_members ?? [];
  if (defaults.length === 0 || hasFlag(args, '--workspace')) return packages;
  return packages.filter(({ id }) => defaults.includes(id));
}

/** Read from table headings: `cargo metadata` does not list profiles, and `@iarna/toml` rejects some of TOML 1.0. */
async function profileNames(workspaceRoot: string): Promise<string[]> {
  const manifest = await readFile(join(workspaceRoot, 'Cargo.toml'), 'utf8');
  const headings = manifest.matchAll(/^[ \t]*\[[ \t]*profile[ \t]*\.[ \t]*"?([\w-]+)/gm);
  return [...BUILT_IN_PROFILES, ...[...headings].map((heading) => heading[1] as string)];
}
