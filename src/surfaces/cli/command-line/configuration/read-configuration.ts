import { dirname, join } from 'node:path';
import { shownPath } from '../../terminal/shown-path.js';
import type { Flags } from '../parse-flags.js';
import { CONFIGURATION_FILE, hasConfigurationFile, readConfigurationFile } from './configuration-file.js';
import { readManifestTable } from './manifest-table.js';
import { readSettingTable, type SettingTable } from './setting-table.js';
import { withDefaults } from './with-defaults.js';

/** Where settings may stand; what `cargo metadata` says of a workspace and of the package that is profiled. */
export interface ConfigurationSources {
  /** Absolute. */
  workspaceRoot: string;
  /** Absolute. */
  workspaceManifestPath: string;
  /** As under `[workspace.metadata]`. */
  workspaceMetadata: unknown;
  /** Absolute; undefined when several packages are profiled. */
  packageManifestPath?: string | undefined;
  /** As under `[package.metadata]`. */
  packageMetadata?: unknown;
}

/** Flags that nobody typed: the settings of a project, `places` filled, paths absolute. */
export type ConfiguredDefaults = Flags;

export interface Configuration {
  defaults: ConfiguredDefaults;
  /** Lines for the user: what looks like configuration and is not read. */
  notes: string[];
}

/**
 * The workspace's settings, over them the package's, over them those of `profile-bee.toml` at the root. Every value is
 * checked, also one that is overruled. A project without any costs two looks at directories.
 *
 * @throws UsageError with the place of the first setting that is wrong
 */
export async function readConfiguration(sources: ConfigurationSources): Promise<Configuration> {
  let defaults: ConfiguredDefaults = {};
  for (const table of await tablesOf(sources)) defaults = withDefaults(readSettingTable(table), defaults);
  return { defaults, notes: notesOn(sources) };
}

/** Lowest first. */
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

/** Cargo says the same of profiles in the manifest of a member. */
function notesOn({ workspaceRoot, packageManifestPath }: ConfigurationSources): string[] {
  const directory = dirname(packageManifestPath ?? join(workspaceRoot, 'Cargo.toml'));
  if (directory === workspaceRoot || !hasConfigurationFile(directory)) return [];
  const ignored = shownPath(join(directory, CONFIGURATION_FILE));
  return [
    `${ignored} is not read: it counts at the root of the workspace; a package has [package.metadata.profile-bee]`,
  ];
}
