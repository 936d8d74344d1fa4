import { resolve } from 'node:path';
import { nearestName } from '../../../../cargo/command/nearest-name.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import type { FlagSpecification } from '../flag-specification.js';
import { checkValues } from '../options/options.js';
import type { Flags } from '../parse-flags.js';
import { COMMAND_LINE_ONLY, flagKey, isPath, SETTINGS } from './setting.js';
import { shownKey, shownValue } from './shown-value.js';

/** The parsed settings of one file; keys and values are not checked yet. */
export interface SettingTable {
  values: Readonly<Record<string, unknown>>;
  /** Absolute; the base of its relative paths. */
  directory: string;
  /** `profile-bee.toml:3`: the place of a key, as a prefix of errors. */
  placeOf(key: string): string;
}

/** Converts the table to flags, with `places`. Throws UsageError for the first invalid key or value. */
export function readSettingTable(table: SettingTable): Flags {
  const entries = Object.entries(table.values).map(([name, value]) => {
    const setting = SETTINGS.get(name) ?? refuseKey(name, value, table.placeOf(name));
    return { key: flagKey(setting), value: flagValue(setting, value, table), place: table.placeOf(name) };
  });
  const flags = {
    ...Object.fromEntries(entries.map(({ key, value }) => [key, value])),
    places: Object.fromEntries(entries.map(({ key, place }) => [key, place])),
  } as Flags;
  checkValues(flags);
  return flags;
}

/** Also checks keys that must not reach a parser. Throws UsageError. */
export function refuseKey(name: string, value: unknown, place: string): never {
  const instead = COMMAND_LINE_ONLY.get(name);
  if (instead !== undefined) throw new UsageError(`${place}: ${name} is not a setting`, instead);
  throw new UsageError(`${place}: unknown setting ${shownKey(name)}`, adviceFor(name, value));
}

/** Skips names longer than any setting: the search takes time proportional to the product of both lengths. */
function adviceFor(name: string, value: unknown): string {
  const nearest = name.length > 40 ? undefined : nearestName(name, SETTINGS.keys(), 2);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  const known = `known settings: ${[...SETTINGS.keys()].join(', ')}`;
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isTable ? `settings are not grouped into tables\n${known}` : known;
}

function flagValue(setting: FlagSpecification, value: unknown, table: SettingTable): unknown {
  const typed = typedValue(setting, value, table);
  if (!isPath(setting)) return typed;
  const absolute = (path: string) => (path === '-' ? path : resolve(table.directory, path));
  return Array.isArray(typed) ? typed.map(absolute) : absolute(String(typed));
}

function typedValue(setting: FlagSpecification, value: unknown, table: SettingTable): unknown {
  if (setting.isRepeatable) {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => ofType(setting, 'a string or an array of strings', item, table));
  }
  if (setting.type === 'boolean') return ofType(setting, 'true or false', value, table);
  if (setting.type === 'number') {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return ofType(setting, 'a number', number, table);
  }
  return ofType(setting, 'a string', value, table);
}

/** Neither a path nor a program argument can contain a zero byte. */
function ofType(setting: FlagSpecification, allowed: string, value: unknown, table: SettingTable): unknown {
  const name = `${table.placeOf(setting.name)}: ${setting.name}`;
  if (typeof value !== setting.type)
    throw new UsageError(`${name} needs ${allowed}, not ${shownValue(value)}`);
  if (value === '') throw new UsageError(`${name} needs a value, not an empty string`);
  if (typeof value === 'string' && value.includes('\0'))
    throw new UsageError(`${name} contains a zero byte: ${shownValue(value)}`);
  return value;
}
