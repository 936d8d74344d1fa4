import { flagsNamed, hasFlag } from '../command/cargo-flags.js';
import type { CargoVerb } from '../command/cargo-verb.js';
import { UsageError } from '../command/usage-error.js';
import { type CargoConfig, configured, readCargoConfig } from '../project/cargo-config.js';
import { hostTriple, rustcProgram } from '../project/rustc.js';
import type { CargoContext } from './cargo-process.js';
import type { UserRunner } from './user-runner.js';

/**
 * Cargo arguments that put a command, followed by the user's own runner, in front of every program that cargo starts for
 * this target. Uses `--config`, because the program would see the environment variable.
 *
 * @throws UsageError if the user's runner is a string, which cannot hold one of the words
 */
export function runnerArguments(
  gateCommand: readonly string[],
  { triple, words, form }: UserRunner,
): string[] {
  const all = [...gateCommand, ...words];
  const unwritable = form === 'string' && all.find((word) => word === '' || /\s/.test(word));
  if (typeof unwritable === 'string') throw unwritableRunner(unwritable, triple, words);
  const runner = form === 'string' ? tomlString(all.join(' ')) : tomlArray(all);
  return ['--config', `target.${tomlString(triple)}.runner=${runner}`];
}

/** Cargo would split the string at that space, and refuses to merge an array with the user's string. */
function unwritableRunner(word: string, triple: string, words: readonly string[]): UsageError {
  return new UsageError(
    `cargo's configuration gives the runner for ${triple} as a string, which cannot hold ${tomlString(word)}`,
    `write it as an array: target.${triple}.runner = ${tomlArray(words)}`,
  );
}

function tomlArray(texts: readonly string[]): string {
  return `[${texts.map(tomlString).join(',')}]`;
}

/** A TOML basic string. */
export function tomlString(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(CONTROL_CHARACTER, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

/** Cargo's name for the host's triple. */
const HOST = 'host-tuple';
const CONTROL_CHARACTER = /\p{Cc}/gu;

/** What `readTargets` will most likely return, without starting a process. */
export function likelyTriples(verb: CargoVerb, args: readonly string[]): string[] {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const host = process.platform === 'darwin' ? `${arch}-apple-darwin` : `${arch}-unknown-linux-gnu`;
  const typed = flagsNamed(args, '--target').flatMap(({ value }) => value ?? []);
  return verb === 'run' && typed.length > 0 ? typed : [...new Set([...typed, host])];
}

/**
 * The targets whose programs are started, and cargo's configuration. Asks for the host meanwhile, as it is nearly always
 * needed.
 */
export async function readTargets(
  verb: CargoVerb,
  args: readonly string[],
  context: CargoContext,
): Promise<{ config: CargoConfig; triples: string[] }> {
  const usual = context.env.RUSTC || 'rustc';
  const asking = verb === 'run' && hasFlag(args, '--target') ? undefined : hostTriple(context, usual);
  asking?.catch(() => {}); // awaited below
  const config = await readCargoConfig(args, context);
  const host = async () => {
    const rustc = await rustcProgram(config, context);
    return await (rustc === usual && asking !== undefined ? asking : hostTriple(context, rustc));
  };
  return { config, triples: await targetTriples(verb, requestedTriples(args, config, context), host) };
}

/**
 * The targets whose programs cargo may start, in the form of `--filter-platform`: those built for, and the host if tests of
 * procedural macros run there. At least one.
 */
async function targetTriples(
  verb: CargoVerb,
  requested: readonly string[],
  host: () => Promise<string>,
): Promise<string[]> {
  const startsOnlyRequested = verb === 'run' && requested.length > 0;
  if (startsOnlyRequested && !requested.includes(HOST)) return [...requested];
  const own = await host();
  const named = requested.map((triple) => (triple === HOST ? own : triple));
  return startsOnlyRequested ? named : [...new Set([...named, own])];
}

/** `--target`, else the configured targets; empty: the host. */
function requestedTriples(
  args: readonly string[],
  config: CargoConfig,
  { env }: CargoContext,
): readonly string[] {
  const typed = flagsNamed(args, '--target').flatMap(({ value }) => value ?? []);
  const fromEnvironment = env.CARGO_BUILD_TARGET || undefined;
  const found = configured(config, ({ build }) => build?.target, fromEnvironment) ?? [];
  // A string is one name here; it is not split.
  return typed.length > 0 ? typed : typeof found === 'string' ? [found] : found;
}

/** The second cargo call, which finds everything built and starts the program. */
export function launchArguments(
  verb: CargoVerb,
  args: readonly string[],
  runners: readonly string[],
  programArgs: readonly string[],
): string[] {
  // `-q` hides the line with the gate in it. Not for tests, as cargo would pass it on to the harness.
  const isQuiet = verb === 'run' && !hasFlag(args, '--quiet', '--verbose');
  const separated = programArgs.length > 0 ? ['--', ...programArgs] : [];
  // If two runners are given for one target, cargo uses the last, nextest the first.
  if (verb === 'nextest') return ['nextest', 'run', ...runners, ...args, ...separated];
  return [verb, ...(isQuiet ? ['-q'] : []), ...args, ...runners, ...separated];
}
