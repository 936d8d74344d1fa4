import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Takes the debug information out of a program, with a link to it; returns the debug file, beside the program. */
export function separateDebugFile(program: string): string {
  const debugFile = `${program}.debug`;
  const run = (...args: string[]) => execFileSync('objcopy', args, { stdio: 'pipe' });
  run('--only-keep-debug', program, debugFile);
  run('--strip-all', program);
  run(`--add-gnu-debuglink=${debugFile}`, program);
  return debugFile;
}

/** Compresses it into the program's .gnu_debugdata; the file itself goes. */
export function embed(debugFile: string, program: string): void {
  execFileSync('xz', ['--force', debugFile], { stdio: 'pipe' });
  execFileSync('objcopy', [`--add-section=.gnu_debugdata=${debugFile}.xz`, program], { stdio: 'pipe' });
}

export function moveTo(folder: string, file: string, name = basename(file)): void {
  const path = join(folder, name);
  if (path === file) return;
  mkdirSync(folder, { recursive: true });
  copyFileSync(file, path); // not renamed: it may be another file system
  rmSync(file);
}

/** With the folders that were made for it. */
export function removeWithFolders(file: string): void {
  rmSync(file, { force: true });
  execFileSync('rmdir', ['-p', '--ignore-fail-on-non-empty', dirname(file)], { stdio: 'pipe' });
}

/** Where debuggers look for the debug file of a build id. */
export function pathByBuildId(program: string): string {
  const notes = execFileSync('readelf', ['-n', program], { encoding: 'utf8' });
  const buildId = /Build ID: ([0-9a-f]+)/.exec(notes)?.[1] ?? '';
  return `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
}
