import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface CachedFiles {
  count: number;
  bytes: number;
}

/** Empty if the folder does not exist. */
export function cachedFiles(folder: string): CachedFiles {
  return total(sizesIn(folder));
}

/** Throws the system's error. */
export function clearCachedFiles(folder: string): CachedFiles {
  const sizes = sizesIn(folder);
  for (const name of sizes.keys()) rmSync(join(folder, name), { force: true });
  return total(sizes);
}

/** Ignores files that another run removes meanwhile. */
function sizesIn(folder: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const name of namesIn(folder)) {
    const facts = read(() => statSync(join(folder, name), { throwIfNoEntry: false }));
    if (facts?.isFile()) sizes.set(name, facts.size);
  }
  return sizes;
}

function namesIn(folder: string): string[] {
  return read(() => readdirSync(folder)) ?? [];
}

/** Undefined if it does not exist. */
function read<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function total(sizes: ReadonlyMap<string, number>): CachedFiles {
  return { count: sizes.size, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}
