import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../running/repository.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** Compiles `fixtures/mapping/NAME.c`; returns the program's path. */
export function mappingFixture(name: string, ...flags: string[]): string {
  const program = join(scratchDirectory(), name);
  compile(name, program, flags);
  return program;
}

export interface VersionOptions {
  seconds?: number;
  flags?: readonly string[];
}

/** `frame_of_N` calls `leaf_of_N`. */
export function versionOfProgram(
  version: number,
  { seconds = 0.5, flags = [] }: VersionOptions = {},
): string {
  const program = join(scratchDirectory(), `version-${version}`);
  compile('version', program, [...versionFlags(version, seconds), ...flags]);
  return program;
}

export function versionOfPlugin(version: number, ...flags: string[]): string {
  const plugin = join(scratchDirectory(), `plugin-${version}.so`);
  compile('version', plugin, ['-shared', '-fPIC', ...versionFlags(version, 0), ...flags]);
  return plugin;
}

function versionFlags(version: number, seconds: number): string[] {
  return [`-DVERSION=${version}`, `-DFRAME=${version * version * 64}`, `-DSECONDS=${seconds}`];
}

function compile(name: string, output: string, flags: readonly string[]): void {
  const source = join(repositoryRoot, 'fixtures/mapping', `${name}.c`);
  execFileSync('gcc', ['-O2', '-g', ...flags, '-o', output, source], { stdio: 'pipe' });
}
