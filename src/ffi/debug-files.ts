import { loadLibbee } from './libbee.js';

/** Debug files are looked for in this folder of elfutils' debuginfod client, too; null: no more. */
export function useDebugCache(folder: string | null): void {
  loadLibbee().useDebugCache(folder);
}

/** In hex, empty for an ELF file without one. Throws NativeError for what is no x86-64 ELF file. */
export function readBuildId(path: string): string {
  return loadLibbee().buildId(path);
}
