import { isUtf8 } from 'node:buffer';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { shownPath } from '../../terminal/shown-path.js';
import { refuseKey, type SettingTable } from './setting-table.js';
import { type TomlKey, tomlKeys } from './toml-keys.js';

export const CONFIGURATION_FILE = 'profile-bee.toml';

/** A dozen settings with comments need two of them. */
const MAX_KIB = 64;

/** Also true if it cannot be examined: reading it then says why. */
export function hasConfigurationFile(directory: string): boolean {
  try {
    return lstatSync(join(directory, CONFIGURATION_FILE), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** Reads `profile-bee.toml` in a directory. Throws UsageError if it cannot be read or is not TOML. */
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
  // The parser accepts neither a byte order mark nor a carriage return after a comment, but TOML allows both.
  if (isUtf8(bytes))
    return bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .replaceAll('\r\n', '\n');
  const lines = bytes.toString('latin1').split('\n');
  const bad = lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1')));
  throw new UsageError(`${shownPath(path)}:${bad + 1}: this is not UTF-8 text`, 'save the file as UTF-8');
}

/** Checked before it is opened: a pipe or device would never end. */
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
  return code === 'ELOOP' ? 'its symbolic links form a circle' : message;
}

/**
 * The parser resolves names through inherited properties: `toString.call = 1` would write into that function for the whole
 * process. No setting has such a name.
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

/** The parser's columns start at 0 or 1, depending on the line; its offset, one past the character, is reliable. */
function syntaxProblem(error: Error & { pos?: number }, text: string, path: string): UsageError {
  const before = text.slice(0, Math.max(0, (error.pos ?? 1) - 1)).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const [reason = ''] = error.message.split(/ at row \d+, col \d+/);
  return new UsageError(`${shownPath(path)}:${before.length}:${column}: ${inWords(reason)}`);
}

/** The parser reports a character by its code. */
function inWords(reason: string): string {
  return reason.replace(/^Unknown character "(\d+)"$/, (_, code: string) => {
    return `unexpected ${JSON.stringify(String.fromCodePoint(Number(code)))}, expected a setting`;
  });
}
