import { CargoFailure } from '../build/cargo-failure.js';
import type { CargoContext } from '../launch/cargo-process.js';
import { type CargoConfig, configured, locateConfigured, output, splitWords } from './cargo-config.js';

/** The compiler that cargo uses, without any wrapper. */
export async function rustcProgram(config: CargoConfig, context: CargoContext): Promise<string> {
  const { RUSTC, CARGO_BUILD_RUSTC } = context.env;
  if (RUSTC) return RUSTC;
  const found = configured(config, ({ build }) => build?.rustc, CARGO_BUILD_RUSTC || undefined);
  if (found === undefined) return 'rustc';
  const key = found === CARGO_BUILD_RUSTC ? undefined : 'build.rustc';
  return await locateConfigured(found, key, config, context);
}

/**
 * The host of a rustc.
 *
 * @throws CargoFailure if it does not answer
 */
export async function hostTriple({ cwd, env }: CargoContext, rustc = 'rustc'): Promise<string> {
  const { execa } = await import('execa');
  const options = { cwd, env, extendEnv: false, stdin: 'ignore', reject: false } as const;
  const { stdout, stderr, originalMessage } = await execa(rustc, ['-vV'], options);
  const host = /^host: (\S+)$/m.exec(stdout ?? '')?.[1];
  if (host !== undefined) return host;
  const reason = stderr || originalMessage || 'it names no host';
  const advice = 'install Rust (https://rustup.rs) or set RUSTC';
  throw new CargoFailure(`${rustc} -vV: ${reason}`, 101, false, advice);
}

/** The lines of `rustc --print cfg` for a target, including the flags that can change them. */
export async function targetCfgs(
  triple: string,
  config: CargoConfig,
  context: CargoContext,
): Promise<ReadonlySet<string>> {
  const command = [...rustflags(triple, config, context), '--target', triple, '--print', 'cfg'];
  const lines = await output(await rustcProgram(config, context), command, context);
  return new Set(lines.split('\n'));
}

/**
 * RUSTFLAGS can turn on a `target_feature` or a `--cfg`. Those in a `cfg(…)` table are left out, as they depend on this
 * answer.
 */
function rustflags(triple: string, config: CargoConfig, { env }: CargoContext): string[] {
  const { CARGO_ENCODED_RUSTFLAGS: encoded, RUSTFLAGS: plain } = env;
  if (encoded !== undefined) return encoded.split('\x1f').filter((flag) => flag !== '');
  if (plain !== undefined) return splitWords(plain);
  const { target, build } = config.merged;
  return splitWords(target?.[triple]?.rustflags ?? build?.rustflags ?? []);
}
