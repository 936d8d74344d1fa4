import { SamplerConnection } from '../ffi/sampler-connection.js';
import { NativeSymbolizer, type ResolvedAddresses, type SymbolStyle } from '../ffi/symbolizer.js';

const OBJECT = 1;

/**
 * Symbolizes addresses of one file that this user may read: the file's own virtual addresses, as addr2line takes them.
 * Also looks for its debug file in `debugCache`, the cache folder of elfutils' debuginfod client.
 */
export async function symbolizeFile(
  path: string,
  addresses: readonly bigint[],
  style: SymbolStyle = {},
  debugCache?: string,
): Promise<ResolvedAddresses> {
  using session = SamplerConnection.withoutSampler();
  if (debugCache !== undefined) session.useDebugCache(debugCache);
  session.addObject(OBJECT, path);
  return await new NativeSymbolizer(session, style).symbolize({
    addresses: BigUint64Array.from(addresses),
    objects: new Uint32Array(addresses.length).fill(OBJECT),
    pids: new Uint32Array(addresses.length),
  });
}
