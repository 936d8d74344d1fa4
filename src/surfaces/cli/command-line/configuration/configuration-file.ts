import { isUtf8 } from 'node:buffer';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { shownPath } from '../../terminal/shown-path.js';
import { refuseKey, type SettingTable } from './setting-table.js';
import { type TomlKey, tomlKeys } from './toml-keys.js';

export const CONFIGURATION_FILE = 'profile-bee.toml';

/** A dozen settings with a comment on each take two of them. */
const MAX_KIB = 64;

/** True also for what cannot be looked at: reading it then says why. */
export function hasConfigurationFile(directory: string): boolean {
  try {
    return lstatSync(join(directory, CONFIGURATION_FILE), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** `profile-bee.toml` of a directory. Throws UsageError when it cannot be read, or is no TOML. */
export async function readConfigurationFile(directory: string): Promise<SettingTable> {
  const path = join(directory, CONFIGURATION_FILE);
  const text = readText(path);
  const keys = tomlKeys(text);
  refuseInheritedNames(keys, path);
  const values = await parseToml(text, path);
  const lineOf = (name: string) => keys.find(({ path: [first] }) => first === name)?.line ?? 1;
  return { values, directory: dirname(path), placeOf: (name) => `${shownPath(path)}:${lineOf(name)}` };
}

function readText(path: string): string {
  const bytes = readBytes(path);
  // The parser takes neither a byte order mark nor a carriage return after a comment; TOML has both.
  if (isUtf8(bytes))
    return bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .replaceAll('\r\n', '\n');
  const lines = bytes.toString('latin1').split('\n');
  const bad = lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1')));
  throw new UsageError(`${shownPath(path)}:${bad + 1}: this is not UTF-8 text`, 'save the file as UTF-8');
}

/** Looked at before it is opened: a pipe would never end, and a device neither. */
function readBytes(path: string): Buffer {
  try {
    const found = statSync(path);
    if (!found.isFile())
      throw cannotRead(path, found.isDirectory() ? 'it is a directory' : 'it is not a file');
    if (found.size > MAX_KIB * 1024) throw cannotRead(path, `it is larger than ${MAX_KIB} KiB`);
    return readFileSync(path);
  } catch (error) {
    throw error instanceof UsageError ? error : cannotRead(path, reasonOf(error));
  }
}

function cannotRead(path: string, reason: string): UsageError {
  return new UsageError(`cannot read the configuration ${shownPath(path)}: ${reason}`);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') return 'permission denied';
  if (code === 'ENOENT') return 'it is a link to a file that does not exist';
  return code === 'ELOOP' ? 'its links lead round in a circle' : message;
}

/**
 * The parser looks names up with what every object inherits: `toString.call = 1` would write into the function of that
 * name, for the whole process. No setting has such a name.
 */
function refuseInheritedNames(keys: readonly TomlKey[], path: string): void {
  for (const key of keys) {
    const inherited = key.path.find((name) => name in Object.prototype);
    if (inherited !== undefined) refuseKey(inherited, undefined, `${shownPath(path)}:${key.line}`);
  }
}

async function parseToml(text: string, path: string): Promise<Record<string, unknown>> {
  const { parse } = await import('@iarna/toml');
  try {
    return parse(text);
  } catch (error) {
    throw syntaxProblem(error as Error & { pos?: number }, text, path);
  }
}

/** The parser counts columns from 0 or from 1, by line; its offset, which is one behind the character, is sound. */
function syntaxProblem(error: Error & { pos?: number }, text: string, path: string): UsageError {
  const before = text.slice(0, Math.max(0, (error.pos ?? 1) - 1)).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const [reason = ''] = error.message.split(/ at row \d+, col \d+/);
  return new UsageError(`${shownPath(path)}:${before.length}:${column}: ${inWords(reason)}`);
}

/** It names a character by its number. */
function inWords(reason: string): string {
  return reason.replace(/^Unknown character "(\d+)"$/, (_, code: string) => {
    return `unexpected ${JSON.stringify(String.fromCodePoint(Number(code)))}, expected a setting`;
  });
}
