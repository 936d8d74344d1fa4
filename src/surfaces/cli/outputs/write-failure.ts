import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { systemErrorText } from '../command-line/errors/phrases/system-error-text.js';

/** An output could not be written at the end: a full disk, a deleted folder. */
export class WriteFailure extends Error {
  override readonly name = 'WriteFailure';

  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`cannot write ${path}: ${reason}`);
  }
}

/** The same, before the target starts: the user must choose another path. */
export class UnwritableOutput extends UsageError {
  constructor(
    readonly path: string,
    readonly reason: string,
    advice = '',
  ) {
    super(`cannot write ${path}: ${reason}`, advice);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder is a file',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it grows beyond the limit for files (ulimit -f, or the file system)',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links form a circle',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'there is no device behind it',
  EPIPE: 'its reader has closed it',
};

/** `path`: absolute. */
export function reasonOf(error: unknown, path: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && existsSync(dirname(path))) return 'no file can be created in that folder';
  return REASONS[code ?? ''] ?? systemErrorText(error);
}
