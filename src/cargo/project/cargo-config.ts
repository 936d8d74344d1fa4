import { dirname, resolve } from 'node:path';
import { flagsNamed } from '../command/cargo-flags.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';

/** Cargo splits a string at whitespace. */
export type Words = string | string[];

/** The tables of cargo's configuration that decide what runs and how. */
export interface ConfigTables {
  alias?: Record<string, Words>;
  build?: { target?: Words; rustc?: string; rustflags?: Words };
  /** By triple or `cfg(…)`. */
  target?: Record<string, { runner?: Words; rustflags?: Words }>;
  profile?: Record<string, unknown>;
}

export interface CargoConfig {
  /** Files and `--config`, merged by cargo. */
  merged: ConfigTables;
  /** Only the files: the environment takes precedence over them, and `--config` over the environment. */
  files: ConfigTables;
  /** `--config` and `-Z` as typed. */
  flags: readonly string[];
}

/**
 * Cargo's configuration, without its environment variables, in one call of about 20 ms. If cargo does not answer the
 * unstable `config get`, it counts as unconfigured; cargo itself rejects an invalid configuration in the calls that follow.
 */
export async function readCargoConfig(args: readonly string[], context: CargoContext): Promise<CargoConfig> {
  const flags = flagsNamed(args, '--config', '-Z').flatMap(({ tokens }) => tokens);
  const reading = readTables(flags, context);
  const readingFiles = flagsNamed(args, '--config').length > 0 ? readTables([], context) : reading;
  return { merged: await reading, files: await readingFiles, flags };
}

/** The value that cargo uses: `--config`, else the environment variable, else the files. */
export function configured<T>(
  { merged, files }: CargoConfig,
  setting: (tables: ConfigTables) => T | undefined,
  fromEnvironment: T | undefined,
): T | undefined {
  const isTyped = JSON.stringify(setting(merged)) !== JSON.stringify(setting(files));
  return isTyped ? setting(merged) : (fromEnvironment ?? setting(merged));
}

export function splitWords(words: Words): string[] {
  return typeof words === 'string' ? words.split(/\s+/).filter((word) => word !== '') : words;
}

/**
 * A configured program, in a form that any working directory finds: a path with a slash is relative to the parent of the
 * folder that holds the configuration file, else to `cwd`. `key`: of its line, `build.rustc`; undefined: from the
 * environment.
 */
export async function locateConfigured(
  program: string,
  key: string | undefined,
  { flags }: CargoConfig,
  context: CargoContext,
): Promise<string> {
  if (!program.includes('/') || program.startsWith('/')) return program;
  const origin =
    key === undefined ? undefined : originOf(key, await configText(flags, ['--show-origin'], context));
  const base = origin?.startsWith('/') ? dirname(dirname(origin)) : context.cwd;
  return resolve(context.cwd, base, program);
}

/**
 * Where a key was set, from lines like `target."cfg(unix)".runner = "a b" # /path/config.toml`; for an array, the line of
 * the first item. Asking for the single key does not work: cargo does not find quoted ones. `key` contains one `?` for each
 * quote.
 */
function originOf(key: string, toml: string): string | undefined {
  const lines = toml.split('\n');
  const starts = ['', '"', "'"].map((quote) => `${key.replaceAll('?', quote)} = `);
  const index = lines.findIndex((line) => starts.some((start) => line.startsWith(start)));
  const line = lines[index]?.endsWith('[') ? lines[index + 1] : lines[index];
  return line?.slice(line.lastIndexOf(' # ') + 3);
}

async function readTables(flags: readonly string[], context: CargoContext): Promise<ConfigTables> {
  try {
    return JSON.parse(await configText(flags, ['--format', 'json'], context)) as ConfigTables;
  } catch {
    return {};
  }
}

async function configText(
  flags: readonly string[],
  format: readonly string[],
  { cwd, env }: CargoContext,
): Promise<string> {
  const command = ['-Zunstable-options', 'config', 'get', ...format, ...flags];
  return await output(cargoProgram(env), command, { cwd, env: { ...env, RUSTC_BOOTSTRAP: '1' } });
}

/** Standard output; empty if the command fails. */
export async function output(
  program: string,
  args: readonly string[],
  { cwd, env }: CargoContext,
): Promise<string> {
  const { execa } = await import('execa');
  const options = { cwd, env, extendEnv: false, stdin: 'ignore', reject: false } as const;
  const { failed, stdout } = await execa(program, args, options);
  return failed ? '' : (stdout ?? '');
}
