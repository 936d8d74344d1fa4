import { dirname, resolve } from 'node:path';
import { flagsNamed } from './cargo-flags.js';
import { type CargoContext, cargoProgram } from './cargo-process.js';
import { cfgApplies } from './cfg-expression.js';

/** What the user's cargo puts in front of the programs of one target. */
export interface UserRunner {
  triple: string;
  /** Empty: nothing. The first is a program that any working directory finds. */
  words: string[];
  /** Of `target.<triple>.runner`. Cargo merges values of one form only, so ours has to be written in it. */
  form: 'string' | 'array';
}

type ConfiguredTargets = Record<string, { runner?: string | string[] }>;

interface FoundRunner {
  words: string[];
  /** Its table below `target`; undefined: the environment. */
  key: string | undefined;
}

/**
 * The user's runners: of the environment, of the triple, of a `cfg(…)`, as cargo ranks them. About 20 ms. A target
 * without an entry has several matching `cfg(…)`, which cargo refuses in its own words when no runner is added.
 *
 * A cargo that does not answer `config get`, an unstable command, counts as one without configuration.
 */
export async function readUserRunners(
  args: readonly string[],
  context: CargoContext,
  triples: readonly string[],
): Promise<UserRunner[]> {
  const targets = parseTargets(await configuredTargets(args, context, ['--format', 'json']));
  const runners = triples.map(async (triple): Promise<UserRunner[]> => {
    const found = await findRunners(targets, triple, context);
    if (found.length > 1) return [];
    const form = typeof targets[triple]?.runner === 'string' ? 'string' : 'array';
    const words = found[0] === undefined ? [] : await locateProgram(found[0], args, context);
    return [{ triple, words, form }];
  });
  return (await Promise.all(runners)).flat();
}

function parseTargets(json: string): ConfiguredTargets {
  try {
    return (JSON.parse(json) as { target?: ConfiguredTargets }).target ?? {};
  } catch {
    return {};
  }
}

async function findRunners(
  targets: ConfiguredTargets,
  triple: string,
  context: CargoContext,
): Promise<FoundRunner[]> {
  const fromEnvironment = context.env[`CARGO_TARGET_${triple.toUpperCase().replaceAll('-', '_')}_RUNNER`];
  if (fromEnvironment !== undefined) return [{ words: splitWords(fromEnvironment), key: undefined }];
  const ofTriple = targets[triple]?.runner;
  if (ofTriple !== undefined) return [{ words: splitWords(ofTriple), key: triple }];
  const conditional = Object.entries(targets).flatMap(([key, { runner }]) =>
    key.startsWith('cfg(') && runner !== undefined ? [{ words: splitWords(runner), key }] : [],
  );
  if (conditional.length === 0) return [];
  const cfgs = await targetCfgs(triple, context);
  return conditional.filter(({ key }) => cfgApplies(key, cfgs));
}

function splitWords(runner: string | string[]): string[] {
  return typeof runner === 'string' ? runner.split(/\s+/).filter((word) => word !== '') : runner;
}

/** A program with a slash is relative to the project of the configuration file that names it, else to `cwd`. */
async function locateProgram(
  { words, key }: FoundRunner,
  args: readonly string[],
  context: CargoContext,
): Promise<string[]> {
  const [program, ...rest] = words;
  if (!program?.includes('/') || program.startsWith('/')) return words;
  const toml = key === undefined ? '' : await configuredTargets(args, context, ['--show-origin']);
  const origin = key === undefined ? undefined : originOf(key, toml);
  const base = origin?.startsWith('/') ? dirname(dirname(origin)) : context.cwd;
  return [resolve(context.cwd, base, program), ...rest];
}

/**
 * Where the runner of a table was set, from lines like `target."cfg(unix)".runner = "a b" # /path/config.toml`; of an
 * array, the first item's line. Not by asking for the one key: cargo does not find quoted ones.
 */
function originOf(key: string, toml: string): string | undefined {
  const lines = toml.split('\n');
  const starts = ['', '"', "'"].map((quote) => `target.${quote}${key}${quote}.runner = `);
  const index = lines.findIndex((line) => starts.some((start) => line.startsWith(start)));
  const line = lines[index]?.endsWith('[') ? lines[index + 1] : lines[index];
  return line?.slice(line.lastIndexOf(' # ') + 3);
}

/** Cargo's merged `target` tables as text; empty when there are none. Its environment variables are not among them. */
async function configuredTargets(
  args: readonly string[],
  { cwd, env }: CargoContext,
  format: readonly string[],
): Promise<string> {
  const passedOn = flagsNamed(args, '--config', '-Z').flatMap(({ tokens }) => tokens);
  const command = ['-Zunstable-options', 'config', 'get', ...format, ...passedOn, 'target'];
  return output(cargoProgram(env), command, { cwd, env: { ...env, RUSTC_BOOTSTRAP: '1' } });
}

async function targetCfgs(triple: string, context: CargoContext): Promise<ReadonlySet<string>> {
  const { RUSTC, CARGO_BUILD_RUSTC, CARGO_ENCODED_RUSTFLAGS, RUSTFLAGS } = context.env;
  // They can turn on a `target_feature` or a `--cfg`. Those of configuration files are not looked for.
  const flags = CARGO_ENCODED_RUSTFLAGS?.split('\x1f') ?? RUSTFLAGS?.split(' ') ?? [];
  const command = [...flags.filter((flag) => flag !== ''), '--target', triple, '--print', 'cfg'];
  const lines = await output(RUSTC || CARGO_BUILD_RUSTC || 'rustc', command, context);
  return new Set(lines.split('\n'));
}

/** Standard output; empty when the command fails. */
async function output(program: string, args: readonly string[], context: CargoContext): Promise<string> {
  const { execa } = await import('execa');
  const options = { ...context, extendEnv: false, stdin: 'ignore', reject: false } as const;
  const { failed, stdout } = await execa(program, args, options);
  return failed ? '' : (stdout ?? '');
}
