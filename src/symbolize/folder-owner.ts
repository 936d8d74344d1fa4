import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/** The kernel's own limit. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_OTHERS = 0o002;

/**
 * Whether files that root writes to this path would be within reach of another user, who could not remove them or could
 * redirect them by a link: for example the HOME that `su` or `HOME=…` left root with. Nor can files already there be
 * trusted. Never true for other users, who are responsible for their own folders.
 */
export function wouldBeRootsElsewhere(path: string, uid = process.geteuid?.()): boolean {
  return uid === 0 && !isRootsAlone(resolve(path), MAX_LINKS);
}

/** Whether every existing folder and link on the path is root's, and nobody else can replace one. */
function isRootsAlone(path: string, links: number): boolean {
  const parts = path.split(sep).filter(Boolean);
  let above = lstatSync('/');
  for (let depth = 0; depth <= parts.length; depth++) {
    const part = join('/', ...parts.slice(0, depth));
    const found = lstatSync(part, { throwIfNoEntry: false });
    if (found === undefined) return (above.mode & STICKY) === 0; // the first one to come creates it
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

/** With the sticky bit set, existing entries cannot be replaced. Root's group counts as root. */
function isForOthers({ mode, gid }: Stats): boolean {
  if ((mode & STICKY) !== 0) return false;
  return (mode & WRITABLE_BY_OTHERS) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0);
}
