import { dirname, join } from 'node:path';
import { shownPath } from '../../terminal/shown-path.js';
import type { Flags } from '../parse-flags.js';
import { CONFIGURATION_FILE, hasConfigurationFile, readConfigurationFile } from './configuration-file.js';
import { readManifestTable } from './manifest-table.js';
import { readSettingTable, type SettingTable } from './setting-table.js';
import { withDefaults } from './with-defaults.js';

/** Where settings can be, from `cargo metadata`: the workspace and the profiled package. */
export interface ConfigurationSources {
  /** Absolute. */
  workspaceRoot: string;
  /** Absolute. */
  workspaceManifestPath: string;
  /** `[workspace.metadata]`. */
  workspaceMetadata: unknown;
  /** Absolute; undefined if several packages are profiled. */
  packageManifestPath?: string | undefined;
  /** `[package.metadata]`. */
  packageMetadata?: unknown;
}

/** Flags from a project's settings, with `places` filled and paths absolute. */
export type ConfiguredDefaults = Flags;

export interface Configuration {
  defaults: ConfiguredDefaults;
  /** Notes for the user about configuration that is not read. */
  notes: string[];
}

/**
 * The workspace's settings, overridden by the package's, overridden by `profile-bee.toml` at the root. Every value is
 * checked, even if overridden. A project without settings costs two checks for files.
 *
 * @throws UsageError with the place of the first wrong setting
 */
export async function readConfiguration(sources: ConfigurationSources): Promise<Configuration> {
  let defaults: ConfiguredDefaults = {};
  for (const table of await tablesOf(sources)) defaults = withDefaults(readSettingTable(table), defaults);
  return { defaults, notes: notesOn(sources) };
}

/** Lowest precedence first. */
async function tablesOf(sources: ConfigurationSources): Promise<SettingTable[]> {
  const { workspaceRoot, workspaceManifestPath, workspaceMetadata } = sources;
  const { packageManifestPath, packageMetadata } = sources;
  const tables = [
    readManifestTable({
      owner: 'workspace',
      manifestPath: workspaceManifestPath,
      metadata: workspaceMetadata,
    }),
    packageManifestPath === undefined
      ? undefined
      : readManifestTable({
          owner: 'package',
          manifestPath: packageManifestPath,
          metadata: packageMetadata,
        }),
    hasConfigurationFile(workspaceRoot) ? await readConfigurationFile(workspaceRoot) : undefined,
  ];
  return tables.filter((table) => table !== undefined);
}

/** Cargo warns likewise about profiles in a member's manifest. */
function notesOn({ workspaceRoot, packageManifestPath }: ConfigurationSources): string[] {
  const directory = dirname(packageManifestPath ?? join(workspaceRoot, 'Cargo.toml'));
  if (directory === workspaceRoot || !hasConfigurationFile(directory)) return [];
  const ignored = shownPath(join(directory, CONFIGURATION_FILE));
  return [
    `${ignored} is not read: profile-bee.toml belongs in the workspace root; for a package, use [package.metadata.profile-bee]`,
  ];
}
