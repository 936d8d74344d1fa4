import { CargoFailure } from './cargo-failure.js';
import { flagsNamed, hasFlag } from './cargo-flags.js';
import type { CargoContext } from './cargo-process.js';
import type { CargoVerb } from './cargo-verb.js';
import { UsageError } from './usage-error.js';
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

const CONTROL_CHARACTER = /\p{Cc}/gu;

/** The targets that are built for: `--target`, `CARGO_BUILD_TARGET`, else the host. At least one. */
export async function targetTriples(args: readonly string[], context: CargoContext): Promise<string[]> {
  const typed = flagsNamed(args, '--target').flatMap(({ value }) => value ?? []);
  const configured = context.env.CARGO_BUILD_TARGET;
  if (typed.length === 0 && configured) typed.push(configured);
  if (typed.length > 0 && !typed.includes('host-tuple')) return typed;
  const host = await hostTriple(context);
  return typed.length === 0 ? [host] : typed.map((triple) => (triple === 'host-tuple' ? host : triple));
}

/** The host of the rustc that cargo uses. @throws CargoFailure when it does not answer */
export async function hostTriple({ cwd, env }: CargoContext): Promise<string> {
  const { execa } = await import('execa');
  const rustc = env.RUSTC || env.CARGO_BUILD_RUSTC || 'rustc';
  const options = { cwd, env, extendEnv: false, stdin: 'ignore', reject: false } as const;
  const { stdout, stderr, originalMessage } = await execa(rustc, ['-vV'], options);
  const host = /^host: (\S+)$/m.exec(stdout)?.[1];
  if (host === undefined) {
    const reason = stderr || originalMessage || 'it names no host';
    throw new CargoFailure(
      `${rustc} -vV: ${reason}`,
      101,
      false,
      'install Rust (https://rustup.rs) or set RUSTC',
    );
  }
  return host;
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
