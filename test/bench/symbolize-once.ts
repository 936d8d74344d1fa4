import { readFileSync } from 'node:fs';
import { symbolizeFile } from '../../src/symbolize/symbolize-file.js';

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

async function measure(
  path: string,
  avoidsSweep: boolean,
  isMemoryMeant: boolean,
): Promise<SymbolizationCost> {
  const addresses = readFileSync(0, 'utf8').trimEnd().split('\n').map(BigInt);
  await symbolizeFile(process.execPath, [], {}); // loads the library
  const beforeBytes = anonymousBytes();
  let peakBytes = beforeBytes;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, anonymousBytes());
  };
  // A tenth of the CPU time would be the timer's.
  const timer = isMemoryMeant ? setInterval(look, 2) : undefined;
  const before = process.cpuUsage();
  const resolved = await symbolizeFile(path, addresses, { avoidsSweep });
  const { user, system } = process.cpuUsage(before);
  look();
  clearInterval(timer);
  const frames = addresses.reduce((sum, _, index) => sum + resolved.framesAt(index).length, 0);
  return { cpuNs: (user + system) * 1000, privateBytes: peakBytes - beforeBytes, frames };
}

const [path = '', reader, meant] = process.argv.slice(2);
console.log(JSON.stringify(await measure(path, reader === 'library', meant === 'memory')));
