import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeError } from './native-error.js';

export type NativeFileName = 'libbee.so' | 'bee-sampler' | 'bee-gate';

/** The platform that the package has native parts for, as `${process.platform}-${process.arch}`. */
export const PREBUILT_PLATFORM = 'linux-x64';

const PACKAGE_NAME = 'cargo-profile-bee';

/** Absolute path of a native part of this package. Throws NativeError (ENOENT) with the path that was tried. */
export function findNativeFile(name: NativeFileName): string {
  const relative = join('prebuilds', `${process.platform}-${process.arch}`, name);
  const root = findPackageRoot(dirname(thisFile()));
  const path = root === undefined ? undefined : join(root, relative);
  if (path !== undefined && existsSync(path)) return path;
  throw new NativeError('ENOENT', `find ${name}`, missingFile(relative, root));
}

/** The file with this code: a module of tsc's output, or a bundle; the build gives import.meta to the CommonJS one. */
export function thisFile(): string {
  return fileURLToPath(import.meta.url);
}

/** The folder of this package's installation that contains `from`, if any. */
export function findPackageRoot(from: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    if (packageName(join(directory, 'package.json')) === PACKAGE_NAME) return directory;
    if (dirname(directory) === directory) return undefined;
  }
}

function packageName(manifest: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name;
  } catch {
    return undefined;
  }
}

function missingFile(relative: string, root: string | undefined): string {
  if (root === undefined)
    return `there is no package ${PACKAGE_NAME} above ${thisFile()}, where ${relative} should be`;
  return `${join(root, relative)} does not exist`;
}
