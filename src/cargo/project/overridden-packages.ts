import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What cargo's built-in profiles inherit. */
const INHERITED: Readonly<Record<string, string>> = { test: 'dev', bench: 'release' };
/** Most manifests have no such table, and reading TOML costs 10 ms of start-up. */
const MAY_OVERRIDE = /\bprofile\b[\s\S]*\bpackage\b/;

interface ProfileTable {
  inherits?: unknown;
  package?: unknown;
}

/**
 * The specs of the packages that a profile in the workspace's Cargo.toml overrides, including those of inherited profiles.
 * No cargo command prints them. Empty if the manifest cannot be read; the built file then shows what is missing.
 */
export async function overriddenPackages(workspaceRoot: string, profile: string): Promise<string[]> {
  const text = await readFile(join(workspaceRoot, 'Cargo.toml'), 'utf8').catch(() => '');
  if (!MAY_OVERRIDE.test(text)) return [];
  const profiles = (await parseToml(text))?.profile ?? {};
  return inheritedChain(profiles, profile).flatMap((name) => Object.keys(profiles[name]?.package ?? {}));
}

async function parseToml(text: string): Promise<{ profile?: Record<string, ProfileTable> } | undefined> {
  const { default: toml } = await import('@iarna/toml');
  try {
    return toml.parse(text);
  } catch {
    return undefined; // newer TOML than this parser supports; cargo accepted it
  }
}

function inheritedChain(profiles: Readonly<Record<string, ProfileTable>>, first: string): string[] {
  const chain: string[] = [];
  for (let name: unknown = first; typeof name === 'string' && !chain.includes(name); ) {
    chain.push(name);
    name = profiles[name]?.inherits ?? INHERITED[name];
  }
  return chain;
}
