import type { TestContext } from 'node:test';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import { readMetadata } from '../../../src/cargo/project/metadata.js';
import {
  type Configuration,
  readConfiguration,
} from '../../../src/surfaces/cli/command-line/configuration/read-configuration.js';
import { cargoProject, manifest, offlineEnvironment } from '../../cargo/cargo-project.js';

export interface ConfiguredProject {
  /** Absolute; the root of the workspace. */
  directory: string;
  /** `profiled`: the package that is selected; none when it is no member. */
  read(profiled?: string): Promise<Configuration>;
}

/** A project as cargo itself sees it: the package `app`, and whatever `files` add or replace. */
export async function configuredProject(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<ConfiguredProject> {
  const directory = cargoProject(t, {
    'Cargo.toml': manifest('app'),
    'src/main.rs': 'fn main() {}',
    ...files,
  });
  const metadata = await readMetadata([], { cwd: directory, env: offlineEnvironment() }, []);
  const read = (profiled = 'app') => {
    const selected = metadata.members.find(({ name }) => name === profiled);
    return readConfiguration({
      workspaceRoot: metadata.workspaceRoot,
      workspaceManifestPath: `${metadata.workspaceRoot}/Cargo.toml`,
      workspaceMetadata: metadata.metadata,
      packageManifestPath: selected?.manifestPath,
      packageMetadata: selected?.metadata,
    });
  };
  return { directory, read };
}

/** The message and the advice of the refusal on one line, with `DIR` for the project's directory. */
export async function refusalOf({ directory, read }: ConfiguredProject, profiled?: string): Promise<string> {
  try {
    await read(profiled);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const text = error.advice === '' ? error.message : `${error.message} (${error.advice})`;
    return text.replaceAll('\n', ' ').replaceAll(directory, 'DIR');
  }
  throw new Error('the configuration was accepted');
}
