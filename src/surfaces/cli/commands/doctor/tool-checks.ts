import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whoAnswers } from '../../sudo/command-owner.js';
import { type Check, ok, warning } from './check.js';

const VERSION_MS = 10_000;
const INSTALL_US = 'npm install -g cargo-profile-bee';

/** The commands involved: cargo's, and ours by name. */
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
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not on PATH' : 'does not print its version';
    const found = `${command} ${reason}: only profile-bee works, on programs already built`;
    return warning(code, found, 'https://rustup.rs   installs Rust');
  }
}

function wrapperCommand({ PATH = '' }: NodeJS.ProcessEnv): Check {
  const answer = whoAnswers('cargo-profile-bee', PATH);
  const code = 'cargo-profile-bee-command';
  if (answer === undefined) {
    return warning(code, 'cargo-profile-bee is not on PATH: cargo profile-bee does not work', INSTALL_US);
  }
  if (answer.owner === 'ours') return ok(code, `cargo profile-bee is this installation: ${answer.path}`);
  return warning(
    code,
    `cargo profile-bee is another installation or program: ${answer.path}`,
    startUs(answer.path),
  );
}

/** crates.io has a program of that name too. */
function profilerCommand({ PATH = '' }: NodeJS.ProcessEnv): Check {
  const answer = whoAnswers('profile-bee', PATH);
  const code = 'profile-bee-command';
  if (answer === undefined) return warning(code, 'profile-bee is not on PATH', INSTALL_US);
  if (answer.owner === 'ours') return ok(code, `profile-bee is this installation: ${answer.path}`);
  if (answer.owner === 'copy') {
    return warning(code, `profile-bee is another installation: ${answer.path}`, startUs(answer.path));
  }
  const fix = `cargo-profile-bee record …   is never another program\n${startUs(answer.path)}`;
  return warning(code, `profile-bee is another program: ${answer.path}`, fix);
}

function startUs(path: string): string {
  return `rm ${path}   or put the folder of this installation first in PATH`;
}
