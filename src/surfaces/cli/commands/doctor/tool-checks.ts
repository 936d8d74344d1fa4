import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whoAnswers } from '../../sudo/command-owner.js';
import { type Check, ok, warning } from './check.js';

const VERSION_MS = 10_000;
const INSTALL_US = 'npm install -g cargo-profile-bee';

/** The commands that take part: cargo's, and our own by name. */
export async function toolChecks(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const cargo = versionCheck('cargo', env.CARGO ?? 'cargo');
  const rustc = versionCheck('rustc', env.RUSTC ?? 'rustc');
  return [await cargo, await rustc, wrapperCommand(env), profilerCommand(env)];
}

async function versionCheck(code: string, command: string): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'], { timeout: VERSION_MS });
    return ok(code, stdout.trim());
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not on PATH' : 'does not tell its version';
    const found = `${command} ${reason}: only profile-bee can be used, on programs that are built`;
    return warning(code, found, 'https://rustup.rs   installs Rust');
  }
}

function wrapperCommand({ PATH = '' }: NodeJS.ProcessEnv): Check {
  const answer = whoAnswers('cargo-profile-bee', PATH);
  const code = 'cargo-profile-bee-command';
  if (answer === undefined) {
    return warning(code, 'no cargo-profile-bee is on PATH: cargo knows no profile-bee', INSTALL_US);
  }
  if (answer.owner === 'ours') return ok(code, `cargo profile-bee is this one: ${answer.path}`);
  return warning(code, `cargo profile-bee is another one: ${answer.path}`, startUs(answer.path));
}

/** A program of that name is in the registry of crates, too. */
function profilerCommand({ PATH = '' }: NodeJS.ProcessEnv): Check {
  const answer = whoAnswers('profile-bee', PATH);
  const code = 'profile-bee-command';
  if (answer === undefined) return warning(code, 'no profile-bee is on PATH', INSTALL_US);
  if (answer.owner === 'ours') return ok(code, `profile-bee is this one: ${answer.path}`);
  if (answer.owner === 'copy') {
    return warning(code, `profile-bee is another installation: ${answer.path}`, startUs(answer.path));
  }
  const fix = `cargo-profile-bee record …   is never another program\n${startUs(answer.path)}`;
  return warning(code, `profile-bee is another program: ${answer.path}`, fix);
}

function startUs(path: string): string {
  return `rm ${path}   or a PATH in which the folder of this one comes first`;
}
