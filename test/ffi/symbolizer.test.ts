import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SamplerConnection } from '../../src/ffi/sampler-connection.js';
import { KERNEL_OBJECT, NativeSymbolizer, type ResolvedAddresses } from '../../src/ffi/symbolizer.js';
import { addressesOf, compileProgram, findSymbol } from './compiled-program.js';

const RUST_SOURCE = `use std::hint::black_box;
#[inline(always)]
fn innermost(x: u64) -> u64 {
    black_box(x).wrapping_mul(3)
}
#[inline(always)]
fn middle(x: u64) -> u64 {
    innermost(x) + 1
}
#[inline(never)]
pub fn outer(x: u64) -> u64 {
    middle(x)
}
fn main() {
    println!("{}", outer(black_box(3)));
}
`;
const CPP_SOURCE = `namespace shop {
template <typename T> struct Cart { __attribute__((noinline)) T total(T a) { return a * 3; } };
template struct Cart<int>;
}
extern "C" __attribute__((noinline)) int plain_c(int a) { return a * 5; }
int main(int argc, char **) { return plain_c(argc) + shop::Cart<int>().total(argc); }
`;

interface Named {
  path: string;
  addresses: readonly bigint[];
}

async function symbolizeFile({ path, addresses }: Named): Promise<ResolvedAddresses> {
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, path);
  return await symbolize(session, addresses, 1);
}

function symbolize(
  session: SamplerConnection,
  addresses: readonly bigint[],
  object: number,
): Promise<ResolvedAddresses> {
  return new NativeSymbolizer(session).symbolize({
    addresses: BigUint64Array.from(addresses),
    objects: new Uint32Array(addresses.length).fill(object),
    pids: new Uint32Array(addresses.length).fill(process.pid),
  });
}

function namesAt(resolved: ResolvedAddresses, index: number): string[] {
  return resolved.framesAt(index).map(({ name }) => name);
}

/** `inlined innermost 4 < inlined middle 8 < outer 12` */
function chainText(resolved: ResolvedAddresses, index: number): string {
  const frames = resolved.framesAt(index);
  return frames
    .map(({ name, line, isInlined }) => `${isInlined ? 'inlined ' : ''}${name} ${line}`)
    .join(' < ');
}

function chainTexts(resolved: ResolvedAddresses): string[] {
  return Array.from({ length: resolved.length }, (_, index) => chainText(resolved, index));
}

for (const mangling of ['v0', 'legacy']) {
  const flag = mangling === 'v0' ? ['-Csymbol-mangling-version=v0'] : [];
  test(`Rust names of ${mangling} mangling are readable and inlined calls are a chain`, async () => {
    const { path, sourcePath } = compileProgram('rustc', 'shop.rs', RUST_SOURCE, ['-O', '-g', ...flag]);
    const resolved = await symbolizeFile({ path, addresses: addressesOf(findSymbol(path, /shop5outer/)) });
    const expected = 'inlined shop::innermost 4 < inlined shop::middle 8 < shop::outer 12';
    const chains = chainTexts(resolved);
    assert.ok(
      chains.some((chain) => chain.endsWith(expected)),
      chains.join('\n'),
    );
    const frames = resolved.framesAt(0);
    assert.equal(frames.at(-1)?.file, sourcePath);
    assert.equal(frames.at(-1)?.hasDebugInfo, true);
    assert.deepEqual(resolved.problems, []);
  });
}

test('names of a legacy symbol table alone come without their hash', async () => {
  const { path } = compileProgram('rustc', 'shop.rs', RUST_SOURCE, ['-O', '-Cstrip=debuginfo']);
  const { address } = findSymbol(path, /shop5outer/);
  const resolved = await symbolizeFile({ path, addresses: [address + 1n] });
  assert.deepEqual(namesAt(resolved, 0), ['shop::outer']);
  assert.equal(resolved.framesAt(0)[0]?.hasDebugInfo, false);
});

test('C++ and C functions are named as c++filt names them', async () => {
  const { path } = compileProgram('g++', 'shop.cpp', CPP_SOURCE, ['-O1', '-g']);
  const cpp = findSymbol(path, /Cart.*total/).address;
  const resolved = await symbolizeFile({ path, addresses: [cpp, findSymbol(path, /^plain_c$/).address] });
  assert.deepEqual(namesAt(resolved, 0), ['shop::Cart<int>::total(int)']);
  assert.deepEqual(namesAt(resolved, 1), ['plain_c']);
});

test('a stripped library resolves its exported functions, of the others only the start', async () => {
  const source =
    'static __attribute__((noinline)) int hidden(int a){return a*7;}\nint shown(int a){return hidden(a)+1;}\n';
  const { path } = compileProgram('gcc', 'shop.c', source, ['-O1', '-shared', '-fPIC']);
  const shown = findSymbol(path, /^shown$/).address;
  const hidden = findSymbol(path, /^hidden$/).address;
  execFileSync('strip', [path]);
  const resolved = await symbolizeFile({ path, addresses: [shown, hidden, hidden + 1n, 0n] });
  const facts = [0, 1, 2, 3].map((index) =>
    resolved.framesAt(index).map(({ name, unnamedStart }) => unnamedStart ?? name),
  );
  assert.deepEqual(facts, [['shown'], [hidden], [hidden], []]);
});

test('a file that was deleted after it was opened still resolves', async () => {
  const { path } = compileProgram('g++', 'shop.cpp', CPP_SOURCE, ['-O1', '-g']);
  const { address } = findSymbol(path, /^plain_c$/);
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, path);
  rmSync(path);
  assert.deepEqual(namesAt(await symbolize(session, [address], 1), 0), ['plain_c']);
});

test('broken files are problems; what can be read still is', async () => {
  const { path } = compileProgram('g++', 'shop.cpp', CPP_SOURCE, ['-O1', '-g']);
  const { address } = findSymbol(path, /^plain_c$/);
  const [cut, garbage, empty] = ['cut', 'garbage', 'empty'].map((name) => `${path}.${name}`) as [
    string,
    string,
    string,
  ];
  copyFileSync(path, cut);
  truncateSync(cut, 3000);
  writeFileSync(garbage, Buffer.alloc(5000, 0x5a));
  writeFileSync(empty, '');
  using session = SamplerConnection.withoutSampler();
  for (const [index, file] of [path, cut, garbage, empty].entries()) session.addObject(index + 1, file);
  const resolved = await new NativeSymbolizer(session).symbolize({
    addresses: new BigUint64Array(4).fill(address),
    objects: Uint32Array.of(1, 2, 3, 4),
    pids: new Uint32Array(4),
  });
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => namesAt(resolved, index)),
    [['plain_c'], [], [], []],
  );
  assert.deepEqual(
    resolved.problems.map((problem) => problem.path),
    [cut, garbage, empty],
  );
});

test('overwritten debug information costs lines, not names', async () => {
  const { path } = compileProgram('g++', 'shop.cpp', CPP_SOURCE, ['-O1', '-g']);
  const { address } = findSymbol(path, /^plain_c$/);
  const { offset, size } = findSection(path, '.debug_info');
  const bytes = readFileSync(path);
  bytes.fill(0xff, offset, offset + size);
  writeFileSync(path, bytes);
  const resolved = await symbolizeFile({ path, addresses: [address] });
  assert.deepEqual(namesAt(resolved, 0), ['plain_c']);
});

for (const [reader, style, complaint] of [
  ['the sweep', {}, /^The line table of 1 address is unreadable/],
  ['the library that is its fallback', { avoidsSweep: true }, /does not survive/],
] as const) {
  test(`${reader}: any wrong byte in the line table leaves the process alive and the names right`, async () => {
    const { path } = compileProgram('g++', 'shop.cpp', CPP_SOURCE, ['-O1', '-g']);
    const { address } = findSymbol(path, /^plain_c$/);
    using session = SamplerConnection.withoutSampler();
    const size = addMutants(session, path);
    const resolved = await new NativeSymbolizer(session, style).symbolize({
      addresses: new BigUint64Array(size).fill(address),
      objects: Uint32Array.from({ length: size }, (_, at) => at + 1),
      pids: new Uint32Array(size),
    });
    for (let at = 0; at < size; at++) assert.deepEqual(namesAt(resolved, at), ['plain_c'], `byte ${at}`);
    assert.ok(
      resolved.problems.some(({ message }) => complaint.test(message)),
      'no mutant was noticed',
    );
  });
}

/** One object for each byte of the line table that is wrong; how many. */
function addMutants(session: SamplerConnection, path: string): number {
  const { offset, size } = findSection(path, '.debug_line');
  const good = readFileSync(path);
  for (let at = 0; at < size; at++) {
    const bytes = Buffer.from(good);
    bytes[offset + at]! ^= 0x03; // for one, a file count below the files in use
    const mutant = `${path}.${at}`;
    writeFileSync(mutant, bytes);
    session.addObject(at + 1, mutant);
    rmSync(mutant);
  }
  return size;
}

function findSection(path: string, section: string): { offset: number; size: number } {
  const listing = execFileSync('readelf', ['-SW', path], { encoding: 'utf8' });
  const fields = new RegExp(`\\${section} +PROGBITS +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)`).exec(listing);
  return { offset: Number.parseInt(fields![1]!, 16), size: Number.parseInt(fields![2]!, 16) };
}

test('kernel addresses resolve through kallsyms', async (context) => {
  const line = /^([0-9a-f]{16}) T vfs_read$/m.exec(readFileSync('/proc/kallsyms', 'utf8'));
  const address = BigInt(`0x${line?.[1] ?? '0'}`);
  if (address === 0n) return context.skip('kernel addresses are hidden from this user (kptr_restrict)');
  using session = SamplerConnection.withoutSampler();
  const resolved = await symbolize(session, [address + 3n, 0xffffn], KERNEL_OBJECT);
  const [frame] = resolved.framesAt(0);
  assert.deepEqual([frame?.name, frame?.module, frame?.file], ['vfs_read', '[kernel]', '']);
  assert.deepEqual(namesAt(resolved, 1), []);
});

test('the vdso is read from memory', async () => {
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, '[vdso]', { isVdso: true });
  const addresses = Array.from({ length: 1024 }, (_, index) => BigInt(index * 8));
  const resolved = await symbolize(session, addresses, 1);
  const names = new Set(addresses.flatMap((_, index) => namesAt(resolved, index)));
  assert.ok(
    [...names].some((name) => /clock_gettime/.test(name)),
    [...names].join(),
  );
});

test('JIT code resolves through the perf map of its process', async () => {
  const map = `/tmp/perf-${process.pid}.map`;
  writeFileSync(map, '7f0000001000 40 jit: a loop\n');
  try {
    using session = SamplerConnection.withoutSampler();
    const resolved = await symbolize(session, [0x7f0000001010n, 0x7f0000001040n], 0);
    assert.deepEqual([namesAt(resolved, 0), namesAt(resolved, 1)], [['jit: a loop'], []]);
  } finally {
    rmSync(map);
  }
});

test('an object that nobody announced leaves its addresses unresolved', async () => {
  using session = SamplerConnection.withoutSampler();
  const resolved = await symbolize(session, [0x1000n, 0x1000n], 77);
  assert.equal(resolved.length, 2);
  assert.deepEqual(namesAt(resolved, 1), []);
});
