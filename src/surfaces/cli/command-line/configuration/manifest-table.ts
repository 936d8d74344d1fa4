import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { shownPath } from '../../terminal/shown-path.js';
import type { SettingTable } from './setting-table.js';
import { shownKey, shownValue } from './shown-value.js';
import { type TomlKey, tomlKeys } from './toml-keys.js';

const TABLE = 'profile-bee';

/** A `profile-bee` table in a Cargo.toml: under `[workspace.metadata]` or `[package.metadata]`. */
export interface ManifestSource {
  owner: 'workspace' | 'package';
  /** Absolute. */
  manifestPath: string;
  /** The whole `metadata` as cargo returns it, including other tools' tables. */
  metadata: unknown;
}

/** Undefined if the manifest has no such table. Throws UsageError if it is misspelled or not a table. */
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

/** Other names belong to other tools, but these can only be meant for us. */
function isMisspelled(name: string): boolean {
  const letters = name.toLowerCase().replace(/[^a-z]/g, '');
  return name !== TABLE && ['profilebee', 'cargoprofilebee'].includes(letters);
}

function wrongName(name: string, source: ManifestSource): UsageError {
  const place = placesIn(source)([name]);
  const table = `${source.owner}.metadata.${TABLE}`;
  return new UsageError(`${place}: nothing reads the table ${shownKey(name)}`, `did you mean [${table}]?`);
}

/** The line of a key below `metadata`; only the table if cargo found the key and we do not. */
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
    return []; // deleted since cargo read it; its values still apply
  }
}

/** A table that exists only as a prefix of longer keys is at the first of them. */
function lineOf(path: readonly string[], keys: readonly TomlKey[]): number | undefined {
  return keys.find((key) => path.every((name, depth) => key.path[depth] === name))?.line;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
