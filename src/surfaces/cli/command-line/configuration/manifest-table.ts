import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { shownPath } from '../../terminal/shown-path.js';
import type { SettingTable } from './setting-table.js';
import { shownKey, shownValue } from './shown-value.js';
import { type TomlKey, tomlKeys } from './toml-keys.js';

const TABLE = 'profile-bee';

/** One `profile-bee` table of a Cargo.toml: in `[workspace.metadata]` or in `[package.metadata]`. */
export interface ManifestSource {
  owner: 'workspace' | 'package';
  /** Absolute. */
  manifestPath: string;
  /** All of `metadata` as cargo gives it: the tables of other tools too. */
  metadata: unknown;
}

/** Undefined when the manifest has no such table. Throws UsageError for one that is misspelled or no table. */
export function readManifestTable(source: ManifestSource): SettingTable | undefined {
  if (!isTable(source.metadata)) return undefined;
  const misspelled = Object.keys(source.metadata).find(isMisspelled);
  if (misspelled !== undefined) throw wrongName(misspelled, source);
  if (!Object.hasOwn(source.metadata, TABLE)) return undefined;
  const values = source.metadata[TABLE];
  const placeOf = placesIn(source);
  if (isTable(values)) {
    return { values, directory: dirname(source.manifestPath), placeOf: (key) => placeOf([TABLE, key]) };
  }
  const name = `${source.owner}.metadata.${TABLE}`;
  throw new UsageError(`${placeOf([TABLE])}: ${name} needs a table of settings, not ${shownValue(values)}`);
}

/** The names beside it belong to other tools, but these can only be meant for us. */
function isMisspelled(name: string): boolean {
  const letters = name.toLowerCase().replace(/[^a-z]/g, '');
  return name !== TABLE && ['profilebee', 'cargoprofilebee'].includes(letters);
}

function wrongName(name: string, source: ManifestSource): UsageError {
  const place = placesIn(source)([name]);
  const table = `${source.owner}.metadata.${TABLE}`;
  return new UsageError(`${place}: nothing reads the table ${shownKey(name)}`, `did you mean [${table}]?`);
}

/** Names the line of a key below `metadata`; the table where cargo found the key and we do not. */
function placesIn({ owner, manifestPath }: ManifestSource): (path: readonly string[]) => string {
  const keys = keysOf(manifestPath);
  const file = shownPath(manifestPath);
  return (path) => {
    const line = lineOf([owner, 'metadata', ...path], keys);
    return line === undefined ? `${file}, [${owner}.metadata.${TABLE}]` : `${file}:${line}`;
  };
}

function keysOf(manifestPath: string): TomlKey[] {
  try {
    return tomlKeys(readFileSync(manifestPath, 'utf8'));
  } catch {
    return []; // gone since cargo read it: the values still count
  }
}

/** A table that is only the beginning of longer keys stands where the first of them does. */
function lineOf(path: readonly string[], keys: readonly TomlKey[]): number | undefined {
  return keys.find((key) => path.every((name, depth) => key.path[depth] === name))?.line;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
