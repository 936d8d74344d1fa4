import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repositoryRoot } from './repository.js';
import { scratchDirectory } from './scratch-directory.js';

let copy: string | undefined;
let releaseDirectory: string | undefined;

/** A copy of the fixture workspace, made once per test process: tests write into `target` and may break sources. */
export function programsWorkspace(): string {
  copy ??= copyPrograms();
  return copy;
}

function copyPrograms(): string {
  const directory = scratchDirectory();
  const isSource = (path: string): boolean => basename(path) !== 'target';
  for (const name of ['programs', 'programs-dependency'])
    cpSync(join(repositoryRoot, 'fixtures', name), join(directory, name), {
      recursive: true,
      filter: isSource,
    });
  return join(directory, 'programs');
}

/** The path of a fixture's release binary with line tables, for `profile-bee -- PATH`; all are built at first use. */
export function builtProgram(name: string): string {
  releaseDirectory ??= buildPrograms();
  return join(releaseDirectory, name);
}

function buildPrograms(): string {
  const target = join(scratchDirectory(), 'target');
  const cargoArguments = ['build', '--release', '--offline', '--config', 'profile.release.debug=1'];
  execFileSync('cargo', [...cargoArguments, '--target-dir', target], {
    cwd: programsWorkspace(),
    stdio: 'pipe',
  });
  return join(target, 'release');
}

/** A copy of the program without symbols and debug information; its CFI stays, as it does in shipped binaries. */
export function strippedProgram(name: string): string {
  const path = join(scratchDirectory(), name);
  copyFileSync(builtProgram(name), path);
  execFileSync('strip', [path]);
  return path;
}
