import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BeeUser, makeBeeUser } from './bee-user.js';
import { setUpSampler } from './installed-sampler.js';
import { withMounts } from './own-mounts.js';

let everybody: BeeUser | undefined;

/**
 * With BEE_TESTS_AS_USER set, every run is an ordinary user's who may profile through `setup`, kernel frames included:
 * the same tests, a second time. Undefined otherwise.
 */
export function userOfAllRuns(): BeeUser | undefined {
  if (process.env.BEE_TESTS_AS_USER === undefined) return undefined;
  if (everybody === undefined) {
    everybody = makeBeeUser('k');
    setUpSampler('--user', everybody.name, '--kernel-frames');
  }
  return everybody;
}

/** In front of a command. The toolchain can lie in root's home: a mount namespace has it in the user's, too. */
export function becoming(user: BeeUser): string[] {
  const mounts = toolchainFolders(user).map(({ from, to }) => `mount --bind '${from}' '${to}'`);
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups'];
  return [...withMounts(...mounts), 'setpriv', ...ids, '--'];
}

/** For `spawn`: a command by whoever the runs are by. */
export function asWhoRuns(command: string, args: readonly string[]): [file: string, args: string[]] {
  const user = userOfAllRuns();
  const [file, ...rest] = [...(user === undefined ? [] : becoming(user)), command, ...args];
  return [file!, rest];
}

/** Instead of what stands for root's home. */
export function homeEnvironment(user: BeeUser): Record<string, string> {
  const { cargoHome } = toolchain();
  const path = (process.env.PATH ?? '').split(delimiter);
  const own = path.map((folder) => (folder === join(cargoHome, 'bin') ? userCargoBin(user) : folder));
  return {
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    PATH: own.join(delimiter),
    RUSTUP_HOME: join(user.home, '.rustup'),
    CARGO_HOME: join(user.home, '.cargo'),
  };
}

/** The folder below the temporary one that a path lies in; empty for others. */
export function temporaryFolderOf(path = ''): string[] {
  const [first] = path.startsWith(`${tmpdir()}/`) ? path.slice(tmpdir().length + 1).split('/') : [];
  return first === undefined ? [] : [join(tmpdir(), first)];
}

/** What tests have made as root: without their set-user-id bits, which chown takes away. */
export function giveTo(user: BeeUser, folders: readonly string[]): void {
  const given = folders.filter((folder) => folder !== user.packageRoot);
  if (given.length === 0) return;
  execFileSync('chown', ['-R', '--no-dereference', `${user.uid}:${user.gid}`, ...given]);
}

function toolchainFolders(user: BeeUser): { from: string; to: string }[] {
  const { cargoHome, rustupHome } = toolchain();
  const folders = [
    { from: rustupHome, to: join(user.home, '.rustup') },
    { from: join(cargoHome, 'bin'), to: userCargoBin(user) },
  ];
  for (const { to } of folders) mkdirSync(to, { recursive: true });
  execFileSync('chown', [`${user.uid}:${user.gid}`, join(user.home, '.cargo')]);
  return folders;
}

function userCargoBin(user: BeeUser): string {
  return join(user.home, '.cargo/bin');
}

function toolchain(): { cargoHome: string; rustupHome: string } {
  const { CARGO_HOME, RUSTUP_HOME } = process.env;
  const cargoHome = CARGO_HOME ?? join(homedir(), '.cargo');
  return { cargoHome, rustupHome: RUSTUP_HOME ?? join(homedir(), '.rustup') };
}
