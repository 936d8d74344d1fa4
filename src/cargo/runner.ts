import { CargoFailure } from './cargo-failure.js';
import { flagsNamed, hasFlag } from './cargo-flags.js';
import type { CargoContext } from './cargo-process.js';
import type { CargoVerb } from './cargo-verb.js';

/**
 * Cargo arguments that put a command in front of every program that cargo starts for these targets. By `--config`:
 * the environment variable for it would be seen by the program.
 */
export function runnerArguments(gateCommand: readonly string[], triple: string): string[] {
  return ['--config', `target.${tomlString(triple)}.runner=[${gateCommand.map(tomlString).join(',')}]`];
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
  programArgs: readonly string[],
): string[] {
  // Quiet hides the line with the gate in it. Tests would see it: cargo hands it on to the harness.
  const isQuiet = verb === 'run' && !hasFlag(args, '--quiet', '--verbose');
  const separated = programArgs.length > 0 ? ['--', ...programArgs] : [];
  return [verb, ...(isQuiet ? ['-q'] : []), ...args, ...separated];
}
