import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isThirtyTwoBit } from '../../capture/machine/elf-class.js';
import { UsageError } from '../../cargo/command/usage-error.js';

/** Also said of a running process. */
export const IS_THIRTY_TWO_BIT = 'it is a 32-bit program, and only 64-bit ones can be unwound';

/** Why a command cannot be profiled. */
export type CommandFault = 'absent' | 'directory' | 'not-executable' | 'thirty-two-bit';

const CAUSES: Record<CommandFault, string> = {
  absent: 'there is no such command',
  directory: 'it is a directory',
  'not-executable': 'it is not executable',
  'thirty-two-bit': IS_THIRTY_TWO_BIT,
};

/** Throws UsageError if a shell would not find `command` or could not run it, or if it is 32-bit. */
export function checkCommand(command: string): void {
  const fault = faultOf(command);
  if (fault === undefined) return;
  const verb = fault === 'thirty-two-bit' ? 'profile' : 'run';
  const advice = fault === 'not-executable' ? `chmod +x ${command}   if it is a program` : '';
  throw new UsageError(`cannot ${verb} ${command}: ${CAUSES[fault]}`, advice);
}

export function faultOf(
  command: string,
  path = process.env.PATH ?? '/bin:/usr/bin',
): CommandFault | undefined {
  const candidates = command.includes('/')
    ? [command]
    : path.split(delimiter).map((directory) => join(directory || '.', command));
  const reasons = candidates.map(whyNotRunnable);
  const found = candidates[reasons.indexOf(undefined)];
  if (found !== undefined) return isThirtyTwoBit(found) ? 'thirty-two-bit' : undefined;
  const isThere = reasons.some((reason) => reason !== 'ENOENT' && reason !== 'ENOTDIR');
  if (!isThere) return 'absent';
  return reasons.every((reason) => reason === 'EISDIR') ? 'directory' : 'not-executable';
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
