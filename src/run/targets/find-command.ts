import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isThirtyTwoBit } from '../../capture/machine/elf-class.js';
import { UsageError } from '../../cargo/command/usage-error.js';

/** Also said of a running process. */
export const IS_THIRTY_TWO_BIT = 'it is a 32-bit program, and only 64-bit ones can be unwound';

/** Throws UsageError if a shell would not find `command` or could not run it, or if it is 32-bit. */
export function checkCommand(command: string, path = process.env.PATH ?? '/bin:/usr/bin'): void {
  const candidates = command.includes('/')
    ? [command]
    : path.split(delimiter).map((directory) => join(directory || '.', command));
  const reasons = candidates.map(whyNotRunnable);
  const found = candidates[reasons.indexOf(undefined)];
  if (found !== undefined && isThirtyTwoBit(found))
    throw new UsageError(`cannot profile ${command}: ${IS_THIRTY_TWO_BIT}`);
  if (found !== undefined) return;
  const isThere = reasons.some((reason) => reason !== 'ENOENT' && reason !== 'ENOTDIR');
  const isDirectory = isThere && reasons.every((reason) => reason === 'EISDIR');
  const cause = isDirectory
    ? 'it is a directory'
    : isThere
      ? 'it is not executable'
      : 'there is no such command';
  throw new UsageError(
    `cannot run ${command}: ${cause}`,
    isThere && !isDirectory ? `chmod +x ${command}   if it is a program` : '',
  );
}

function whyNotRunnable(path: string): string | undefined {
  try {
    if (statSync(path).isDirectory()) return 'EISDIR';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES';
  }
}
