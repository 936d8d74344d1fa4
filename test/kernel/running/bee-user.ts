import { chmodSync, chownSync } from 'node:fs';
import { makeOrdinaryUser, type OrdinaryUser } from '../../packaging/account.js';
import { copyForEverybody } from './repository.js';
import { scratchDirectory } from './scratch-directory.js';

/** An ordinary user of this machine, for whom the commands are installed where they can read them. */
export interface BeeUser extends OrdinaryUser {
  packageRoot: string;
}

let packageRoot: string | undefined;

/** Removed when this process ends. Needs root. */
export function makeBeeUser(suffix: string): BeeUser {
  packageRoot ??= copyForEverybody(scratchDirectory());
  return { ...makeOrdinaryUser(suffix), packageRoot };
}

/** A new folder of the user's that nobody else may enter. */
export function directoryOf(user: OrdinaryUser, mode = 0o700): string {
  const directory = scratchDirectory();
  chownSync(directory, user.uid, user.gid);
  chmodSync(directory, mode);
  return directory;
}
