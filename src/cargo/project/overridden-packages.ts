import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What cargo's own profiles inherit. */
const INHERITED: Readonly<Record<string, string>> = { test: 'dev', bench: 'release' };
/** Most manifests have no such table, and reading TOML costs 10 ms of start-up. */
const MAY_OVERRIDE = /\bprofile\b[\s\S]*\bpackage\b/;

interface ProfileTable {
  inherits?: unknown;
  package?: unknown;
}

/**
 * The specs of the packages that a profile of the workspace's Cargo.toml overrides, those of inherited profiles
 * included. Cargo tells them nowhere. None when the manifest cannot be read here: then the file that is built says what is missing in it.
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
    return undefined; // newer TOML than its parser, which cargo has accepted
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
