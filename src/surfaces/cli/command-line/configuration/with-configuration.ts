import type { CargoProject } from '../../../../cargo/project/cargo-project.js';
import { profiledPackage } from '../../../../cargo/project/profiled-package.js';
import type { Terminal } from '../../terminal/terminal.js';
import type { Flags } from '../parse-flags.js';
import { readConfiguration } from './read-configuration.js';
import { withDefaults, withoutProfile } from './with-defaults.js';

/**
 * The typed flags, with the project's configuration as defaults. A profile among cargo's arguments replaces a configured
 * one. Throws UsageError with the place of a wrong setting.
 */
export async function withConfiguration(
  flags: Flags,
  { command, metadata }: CargoProject,
  terminal: Terminal,
): Promise<Flags> {
  const profiled = profiledPackage(metadata, command.verb, command.args);
  const { defaults, notes } = await readConfiguration({
    workspaceRoot: metadata.workspaceRoot,
    workspaceManifestPath: metadata.workspaceManifestPath,
    workspaceMetadata: metadata.metadata,
    packageManifestPath: profiled?.manifestPath,
    packageMetadata: profiled?.metadata,
  });
  for (const note of notes) terminal.note(note);
  return withDefaults(flags, command.profileSelection === undefined ? defaults : withoutProfile(defaults));
}
