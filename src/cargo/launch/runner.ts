import { flagsNamed, hasFlag } from '../command/cargo-flags.js';
import type { CargoVerb } from '../command/cargo-verb.js';
import { UsageError } from '../command/usage-error.js';
import { type CargoConfig, configured, readCargoConfig } from '../project/cargo-config.js';
import { hostTriple, rustcProgram } from '../project/rustc.js';
import type { CargoContext } from './cargo-process.js';
import type { UserRunner } from './user-runner.js';

/**
 * Cargo arguments that put a command in front of every program that cargo starts for this target, and behind it the
 * user's own runner. By `--config`: the environment variable for it would be seen by the program.
 *
 * @throws UsageError when the user's runner has the form of a string, which cannot hold one of the words
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

/** Cargo would split a string there, and refuses to merge an array with the user's string. */
function unwritableRunner(word: string, triple: string, words: readonly string[]): UsageError {
  return new UsageError(
    `cargo's configuration has a runner for ${triple} that is a string, and ${tomlString(word)} does not fit into one`,
    `write it as an array: target.${triple}.runner = ${tomlArray(words)}`,
  );
}

function tomlArray(texts: readonly string[]): string {
  return `[${texts.map(tomlString).join(',')}]`;
}

/** A basic string of TOML. */
export function tomlString(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(CONTROL_CHARACTER, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

/** Cargo's own word for the host's triple. */
const HOST = 'host-tuple';
const CONTROL_CHARACTER = /\p{Cc}/gu;

/** What `readTargets` will most often answer, without asking anybody. */
export function likelyTriples(verb: CargoVerb, args: readonly string[]): string[] {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const host = process.platform === 'darwin' ? `${arch}-apple-darwin` : `${arch}-unknown-linux-gnu`;
  const typed = flagsNamed(args, '--target').flatMap(({ value }) => value ?? []);
  return verb === 'run' && typed.length > 0 ? typed : [...new Set([...typed, host])];
}

/** What programs are started for, and the configuration that tells; the host is asked for meanwhile, as it is nearly always needed. */
export async function readTargets(
  verb: CargoVerb,
  args: readonly string[],
  context: CargoContext,
): Promise<{ config: CargoConfig; triples: string[] }> {
  const usual = context.env.RUSTC || 'rustc';
  const asking = verb === 'run' && hasFlag(args, '--target') ? undefined : hostTriple(context, usual);
  asking?.catch(() => {}); // awaited below, where it is needed
  const config = await readCargoConfig(args, context);
  const host = async () => {
    const rustc = await rustcProgram(config, context);
    return await (rustc === usual && asking !== undefined ? asking : hostTriple(context, rustc));
  };
  return { config, triples: await targetTriples(verb, requestedTriples(args, config, context), host) };
}

/**
 * The targets whose programs cargo may start, as `--filter-platform` takes them: those built for, and beside them the
 * host where tests of procedural macros run there. At least one.
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

/** `--target`, else what is configured; empty: the host. */
function requestedTriples(
  args: readonly string[],
  config: CargoConfig,
  { env }: CargoContext,
): readonly string[] {
  const typed = flagsNamed(args, '--target').flatMap(({ value }) => value ?? []);
  const fromEnvironment = env.CARGO_BUILD_TARGET || undefined;
  const found = configured(config, ({ build }) => build?.target, fromEnvironment) ?? [];
  // A string is one name here: it is not split.
  return typed.length > 0 ? typed : typeof found === 'string' ? [found] : found;
}

/** The second call of cargo, which finds everything built and starts the program. */
export function launchArguments(
  verb: CargoVerb,
  args: readonly string[],
  runners: readonly string[],
  programArgs: readonly string[],
): string[] {
  // Quiet hides the line with the gate in it. Tests would see it: cargo hands it on to the harness.
  const isQuiet = verb === 'run' && !hasFlag(args, '--quiet', '--verbose');
  const separated = programArgs.length > 0 ? ['--', ...programArgs] : [];
  // Of two runners for one target cargo takes the last that it is given, nextest the first.
  if (verb === 'nextest') return ['nextest', 'run', ...runners, ...args, ...separated];
  return [verb, ...(isQuiet ? ['-q'] : []), ...args, ...runners, ...separated];
}
