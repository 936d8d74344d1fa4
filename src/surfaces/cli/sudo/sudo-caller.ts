import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The user who typed `sudo`. */
export interface SudoCaller {
  uid: number;
  gid: number;
}

/** An entry of the user database. */
export interface Account {
  name: string;
  home: string;
  shell: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined if we are not root, or not through sudo. Without root, the variables prove nothing. */
export function findSudoCaller(env: Environment, effectiveUid: number | undefined): SudoCaller | undefined {
  const [uid, gid] = [env.SUDO_UID, env.SUDO_GID].map((text) =>
    /^\d+$/.test(text ?? '') ? Number(text) : NaN,
  );
  if (effectiveUid !== 0 || !Number.isInteger(uid) || !Number.isInteger(gid) || uid === 0) return undefined;
  return { uid: uid!, gid: gid! };
}

/**
 * Reverts what sudo changed, as far as it is known: cargo and the target get the environment of the caller's own `cargo
 * run`. Undefined values are to be removed. A HOME that sudo was told to keep, or was given, stays. Root's own, and
 * everything below it (CARGO_HOME, RUSTUP_HOME, CARGO of root's toolchain), is useless to a user who may not read it.
 */
export function callersEnvironment(env: Environment, root: Account, caller: Account): Environment {
  const home = env.HOME === undefined || env.HOME === root.home ? caller.home : env.HOME;
  const ofRoot = Object.entries(env).filter(
    ([name, value]) => name !== 'PATH' && value?.startsWith(`${root.home}/`) && home !== root.home,
  );
  const named = (value: string | undefined, own: string) => (value === root.name ? own : value);
  return {
    ...Object.fromEntries(ofRoot.map(([name]) => [name, undefined])),
    ...Object.fromEntries(
      Object.keys(env).flatMap((name) => (/^SUDO_/.test(name) ? [[name, undefined]] : [])),
    ),
    HOME: home,
    USER: named(env.USER, caller.name),
    LOGNAME: named(env.LOGNAME, caller.name),
    SHELL: env.SHELL === root.shell ? caller.shell : env.SHELL,
    MAIL: env.MAIL === `/var/mail/${root.name}` ? undefined : env.MAIL,
    PATH: withCargo(env.PATH, env.CARGO_HOME, home, root),
  };
}

/** sudo's PATH lacks the folder that rustup adds to the caller's in a shell profile. */
function withCargo(path: string | undefined, cargoHome: string | undefined, home: string, root: Account) {
  const isRoots = cargoHome?.startsWith(`${root.home}/`);
  const folder = join(cargoHome === undefined || isRoots ? join(home, '.cargo') : cargoHome, 'bin');
  const folders = path?.split(delimiter) ?? [];
  if (folders.includes(folder) || !existsSync(join(folder, 'cargo'))) return path;
  return [folder, ...folders].join(delimiter);
}
