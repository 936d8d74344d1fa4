import { readFileSync } from 'node:fs';
import type { CommandName } from './flag-specification.js';

declare const BEE_VERSION: string | undefined;

/** From the bundle, or from package.json if unbundled. */
export function packageVersion(): string {
  if (typeof BEE_VERSION === 'string') return BEE_VERSION;
  const manifest = new URL('../../../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** The wrapper has one name, with a space or without; `profile-bee` and `record` are distinguished. */
export function versionText(command: CommandName, invokedAs: string = command): string {
  return `${command === 'profile-bee' ? invokedAs : command} ${packageVersion()}\n`;
}
