import { loadLibbee } from './libbee.js';

/** Also looks for debug files in this cache folder of elfutils' debuginfod client; null: stops doing so. */
export function useDebugCache(folder: string | null): void {
  loadLibbee().useDebugCache(folder);
}

/** The build id in hex; empty if the file has none. Throws NativeError if it is not an x86-64 ELF file. */
export function readBuildId(path: string): string {
  return loadLibbee().buildId(path);
}
