import { execFileSync } from 'node:child_process';

interface CodeSection {
  address: bigint;
  size: bigint;
}

/** Spread evenly over the bytes of all sections of code, sorted, each once; the same for the same seed. */
export function randomCodeAddresses(path: string, count: number, seed: number): bigint[] {
  const sections = codeSections(path);
  const total = sections.reduce((sum, { size }) => sum + size, 0n);
  if (total === 0n) throw new Error(`${path} has no code`);
  const next = numbersFrom(seed);
  const addresses = new Set<bigint>();
  const wanted = Math.min(count, Number(total) / 4);
  while (addresses.size < wanted) addresses.add(addressAt(sections, next() % total));
  return [...addresses].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function codeSections(path: string): CodeSection[] {
  const listing = execFileSync('readelf', ['-SW', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const rows = listing.matchAll(/^ +\[ *\d+\] \S+ +PROGBITS +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) \d+ +(\w+)/gm);
  const sections = [...rows].filter(([, , , flags = '']) => flags.includes('X'));
  return sections.map(([, address, size]) => ({
    address: BigInt(`0x${address}`),
    size: BigInt(`0x${size}`),
  }));
}

function addressAt(sections: readonly CodeSection[], offset: bigint): bigint {
  let rest = offset;
  for (const { address, size } of sections) {
    if (rest < size) return address + rest;
    rest -= size;
  }
  throw new RangeError(`no code at ${offset}`);
}

/** xorshift64*: a failure must be repeatable. */
function numbersFrom(seed: number): () => bigint {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n || 1n;
  return () => {
    state ^= (state << 13n) & 0xffffffffffffffffn;
    state ^= state >> 7n;
    state ^= (state << 17n) & 0xffffffffffffffffn;
    return state >> 8n;
  };
}
