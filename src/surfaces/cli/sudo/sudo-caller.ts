import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Who typed `sudo`. */
export interface SudoCaller {
  uid: number;
  gid: number;
}

/** What the user database says of somebody. */
export interface Account {
  name: string;
  home: string;
  shell: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined: we are not root, or root by other means than sudo. Without root the variables mean nothing. */
export function findSudoCaller(env: Environment, effectiveUid: number | undefined): SudoCaller | undefined {
  const [uid, gid] = [env.SUDO_UID, env.SUDO_GID].map((text) =>
    /^\d+$/.test(text ?? '') ? Number(text) : NaN,
  );
  if (effectiveUid !== 0 || !Number.isInteger(uid) || !Number.isInteger(gid) || uid === 0) return undefined;
  return { uid: uid!, gid: gid! };
}

/**
 * What sudo changed, changed back, as far as it is known: cargo and the program get what the caller's own `cargo run`
 * has. Undefined values are to be removed. A HOME that sudo was told to keep, or was given, stays; root's, and whatever
 * lies below it (CARGO_HOME, RUSTUP_HOME, CARGO of root's toolchain), is of no use to somebody who may not look there.
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

/** sudo's PATH lacks what rustup's lines in a profile put in front of the caller's. */
function withCargo(path: string | undefined, cargoHome: string | undefined, home: string, root: Account) {
  const isRoots = cargoHome?.startsWith(`${root.home}/`);
  const folder = join(cargoHome === undefined || isRoots ? join(home, '.cargo') : cargoHome, 'bin');
  const folders = path?.split(delimiter) ?? [];
  if (folders.includes(folder) || !existsSync(join(folder, 'cargo'))) return path;
  return [folder, ...folders].join(delimiter);
}
