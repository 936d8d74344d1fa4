import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { commandPath, repositoryRoot } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

/** A copy of `fixtures/example-project`, and the environment of somebody who has the two commands on PATH. */
export interface ExampleProject {
  directory: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Removes what the commands of a page have left, but not what they have built. */
  tidy(): void;
}

/** With `target/release/server`, which the pages profile. */
export function exampleProject(): ExampleProject {
  const scratch = scratchDirectory();
  const directory = join(scratch, 'project');
  const source = join(repositoryRoot, 'fixtures/example-project');
  cpSync(source, directory, { recursive: true, filter: (path) => !path.startsWith(join(source, 'target')) });
  const env = environment(scratch);
  execFileSync('cargo', ['build', '--release', '--offline'], { cwd: directory, env, stdio: 'pipe' });
  const own = new Set(readdirSync(directory));
  const tidy = () => {
    for (const name of readdirSync(directory))
      if (!own.has(name)) rmSync(join(directory, name), { recursive: true });
  };
  return { directory, env, tidy };
}

/** Caches are of this run alone: a page may clear them, and what an earlier run has left must not help. */
function environment(scratch: string): Record<string, string | undefined> {
  const [bin, cache, temporary] = ['bin', 'cache', 'tmp'].map((name) => join(scratch, name));
  for (const folder of [bin!, cache!, temporary!]) mkdirSync(folder);
  for (const command of ['cargo-profile-bee', 'profile-bee'] as const)
    symlinkSync(commandPath(command), join(bin!, command));
  return {
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    DEBUGINFOD_URLS: undefined,
    CARGO_TARGET_DIR: undefined,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    XDG_CACHE_HOME: cache,
    TMPDIR: temporary,
  };
}
