import {
  accessSync,
  constants,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { shellLine } from '../../../cargo/command/shell-line.js';
import { isInherited } from '../../../cargo/launch/inherited-descriptors.js';
import { reasonOf, UnwritableOutput } from './write-failure.js';

/** The kernel's own limit. */
const MAX_LINKS = 40;
const STICKY = 0o1000;

/** A regular file, existing or not. */
export interface FilePlace {
  kind: 'file';
  file: string;
  found: Stats | undefined;
}

/** Where the content of an output ends up; `file` is not itself a link. */
export type OutputPlace =
  | FilePlace
  | { kind: 'pipe'; file: string }
  | { kind: 'device'; file: string }
  /** Inherited by this process: `/dev/stdout`, `/dev/fd/3`. */
  | { kind: 'descriptor'; descriptor: number };

/** Follows the links of a path. Throws UnwritableOutput if nothing can be written there. */
export function findOutputPlace(path: string): OutputPlace {
  try {
    const end = followLinks(resolve(path));
    if (typeof end === 'number') return descriptorPlace(end);
    const found = lstatSync(end, { throwIfNoEntry: false });
    const kind = kindOf(found);
    if (kind !== 'file') return { kind, file: end };
    if (found !== undefined) checkReplaceable(path, end, found);
    return { kind, file: end, found };
  } catch (error) {
    throw error instanceof UnwritableOutput ? error : unwritable(path, error);
  }
}

export function unwritable(path: string, error: unknown): UnwritableOutput {
  const { code } = error as NodeJS.ErrnoException;
  const folder = dirname(resolve(path));
  const refuse = (reason: string, advice = '') => new UnwritableOutput(path, reason, advice);
  if (code === 'ENOENT' && !isThere(folder))
    return refuse(reasonOf(error, resolve(path)), shellLine(['mkdir', '-p', folder]));
  if (code === 'EPERM') return refuse(`${folder} is immutable`, shellLine(['sudo', 'chattr', '-i', folder]));
  if (code === 'EACCES' && isWritable(path))
    return refuse(
      `an output is written to a temporary file in ${folder} and then renamed, but you may not create files there`,
      elsewhere(path),
    );
  return refuse(reasonOf(error, resolve(path)), code === 'EACCES' || code === 'EROFS' ? elsewhere(path) : '');
}

/** Only the link at the end: a rename onto it would replace somebody's `latest` link by a file. */
function followLinks(path: string): string | number {
  let end = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    if (!isThere(dirname(end))) return end; // opening it reports what is wrong
    const folder = realpathSync(dirname(end));
    // As the user typed it if no link is involved: the path is also shown.
    end = links === 0 && folder === dirname(end) ? end : join(folder, basename(end));
    if (folder === `/proc/${process.pid}/fd`) return Number(basename(end));
    if (!lstatSync(end, { throwIfNoEntry: false })?.isSymbolicLink()) return end;
    end = resolve(folder, readlinkSync(end));
  }
  throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
}

function kindOf(found: Stats | undefined): 'file' | 'pipe' | 'device' {
  if (found?.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
  if (found?.isBlockDevice()) throw new Error('it is a disk, which a profile would overwrite');
  if (found?.isSocket()) throw new Error('it is a socket');
  if (found?.isFIFO()) return 'pipe';
  return found?.isCharacterDevice() ? 'device' : 'file';
}

function descriptorPlace(descriptor: number): OutputPlace {
  if (descriptor > 2 && !isInherited(descriptor))
    throw new Error(`file descriptor ${descriptor} is not open`);
  const [, octal = '0'] =
    /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
  const isReadOnly = (Number.parseInt(octal, 8) & 3) === constants.O_RDONLY;
  if (isReadOnly) throw new Error(`file descriptor ${descriptor} is read-only`);
  return { kind: 'descriptor', descriptor };
}

/**
 * Checks that the file can be replaced at the end by asking the kernel: rmdir checks everything that a rename onto the file
 * needs (the folder's rights, its sticky bit, immutable and append-only files, security modules) before it finds that the
 * file is not a folder, which it never removes.
 */
function checkReplaceable(path: string, file: string, found: Stats): void {
  const refuse = (reason: string, advice: string): never => {
    throw new UnwritableOutput(path, reason, advice);
  };
  if (isMountPoint(file))
    refuse(
      'it is a mount point, which a rename cannot replace',
      `mount its folder, ${dirname(file)}, instead, or choose another file in it`,
    );
  try {
    rmdirSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return;
    if (code !== 'EPERM') throw unwritable(path, error);
    if (isOthersInSticky(file, found))
      refuse(
        `it belongs to user ${found.uid}, and its folder's sticky bit protects other users' files`,
        elsewhere(path),
      );
    refuse(
      'it or its folder is immutable or append-only',
      shellLine(['sudo', 'chattr', '-i', '-a', file, dirname(file)]),
    );
  }
}

function isOthersInSticky(file: string, { uid }: Stats): boolean {
  const folder = statSync(dirname(file));
  const me = process.geteuid?.();
  return (folder.mode & STICKY) !== 0 && uid !== me && folder.uid !== me;
}

/** False without /proc. */
function isMountPoint(file: string): boolean {
  try {
    const points = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    return points.some(
      (point) =>
        point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))) === file,
    );
  } catch {
    return false;
  }
}

/** A path in the user's home. */
function elsewhere(path: string): string {
  return `${shellLine([join(homedir(), basename(path))])}   instead, or a file in another folder of yours`;
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
