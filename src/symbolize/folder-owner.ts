import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/** As the kernel follows them. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_OTHERS = 0o002;

/**
 * Whether files of root at this path would be within another user's reach, who could not remove them, or who could lead
 * them elsewhere by a link: the HOME that `su` or `HOME=…` left root with, for one. What lies there is not to be trusted
 * either. Never true for other users, whose folders are their own affair.
 */
export function wouldBeRootsElsewhere(path: string, uid = process.geteuid?.()): boolean {
  return uid === 0 && !isRootsAlone(resolve(path), MAX_LINKS);
}

/** Every folder and link on the way, as far as it exists, is root's, and nobody else may put another into its place. */
function isRootsAlone(path: string, links: number): boolean {
  const parts = path.split(sep).filter(Boolean);
  let above = lstatSync('/');
  for (let depth = 0; depth <= parts.length; depth++) {
    const part = join('/', ...parts.slice(0, depth));
    const found = lstatSync(part, { throwIfNoEntry: false });
    if (found === undefined) return (above.mode & STICKY) === 0; // whoever comes first makes it
    if (found.uid !== 0) return false;
    if (found.isSymbolicLink()) {
      const target = resolve(dirname(part), readlinkSync(part), ...parts.slice(depth));
      return links > 0 && isRootsAlone(target, links - 1);
    }
    if (isForOthers(found)) return false;
    above = found;
  }
  return true;
}

/** Where the sticky bit is set, what is there stays. The group of root is root. */
function isForOthers({ mode, gid }: Stats): boolean {
  if ((mode & STICKY) !== 0) return false;
  return (mode & WRITABLE_BY_OTHERS) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0);
}
