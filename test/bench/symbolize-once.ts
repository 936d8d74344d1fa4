import { readFileSync } from 'node:fs';
import { SamplerConnection } from '../../src/ffi/sampler-connection.js';
import { NativeSymbolizer, type ResolvedAddresses } from '../../src/ffi/symbolizer.js';
import { symbolizeFile } from '../../src/symbolize/symbolize-file.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

/** `kept`: from the names on disk of a run before. */
export type Reader = 'sweep' | 'library' | 'kept';

/** What one process spends on resolving the addresses on its input, of a file that it has not seen before. */
export interface SymbolizationCost {
  cpuNs: number;
  /** Peak of the anonymous memory that came with it, looked at every two milliseconds when that is what is asked for. */
  privateBytes: number;
  frames: number;
}

function anonymousBytes(): number {
  const [, kilobytes = '0'] = /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** As a run of the profiler does it. */
async function symbolizeAndKeep(
  path: string,
  addresses: readonly bigint[],
  directory: string,
): Promise<ResolvedAddresses> {
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, path);
  session.keepSymbols('', { directory, maxBytes: 1 << 30 });
  const resolved = await new NativeSymbolizer(session).symbolize({
    addresses: BigUint64Array.from(addresses),
    objects: new Uint32Array(addresses.length).fill(1),
    pids: new Uint32Array(addresses.length),
  });
  await session.saveSymbols();
  return resolved;
}

async function prepared(
  path: string,
  addresses: readonly bigint[],
  reader: Reader,
): Promise<() => Promise<ResolvedAddresses>> {
  if (reader !== 'kept') {
    await symbolizeFile(process.execPath, [], {}); // loads the library
    return () => symbolizeFile(path, addresses, { avoidsSweep: reader === 'library' });
  }
  const directory = scratchDirectory();
  await symbolizeAndKeep(path, addresses, directory);
  return () => symbolizeAndKeep(path, addresses, directory);
}

async function measure(path: string, reader: Reader, isMemoryMeant: boolean): Promise<SymbolizationCost> {
  const addresses = readFileSync(0, 'utf8').trimEnd().split('\n').map(BigInt);
  const symbolize = await prepared(path, addresses, reader);
  const beforeBytes = anonymousBytes();
  let peakBytes = beforeBytes;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, anonymousBytes());
  };
  // A tenth of the CPU time would be the timer's.
  const timer = isMemoryMeant ? setInterval(look, 2) : undefined;
  const before = process.cpuUsage();
  const resolved = await symbolize();
  const { user, system } = process.cpuUsage(before);
  look();
  clearInterval(timer);
  const frames = addresses.reduce((sum, _, index) => sum + resolved.framesAt(index).length, 0);
  return { cpuNs: (user + system) * 1000, privateBytes: peakBytes - beforeBytes, frames };
}

const [path = '', reader, meant] = process.argv.slice(2);
console.log(JSON.stringify(await measure(path, reader as Reader, meant === 'memory')));
