import { packageVersion } from '../../../run/package-version.js';
import type { CommandName } from './flag-specification.js';

/** The wrapper has one name, with a space or without; `profile-bee` and `record` are distinguished. */
export function versionText(command: CommandName, invokedAs: string = command): string {
  return `${command === 'profile-bee' ? invokedAs : command} ${packageVersion()}\n`;
}
