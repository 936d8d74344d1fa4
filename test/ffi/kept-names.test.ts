import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { NativeError } from '../../src/ffi/native-error.js';
import { SamplerConnection, type SymbolCacheStatistics } from '../../src/ffi/sampler-connection.js';
import { NativeSymbolizer, type SymbolStyle } from '../../src/ffi/symbolizer.js';
import { addressesOf, compileProgram, findSymbol } from './compiled-program.js';
import { scratchDirectory } from './scratch-directory.js';

const SOURCE = `use std::hint::black_box;
#[inline(always)]
fn inner(x: u64) -> u64 {
    black_box(x).wrapping_mul(3)
}
#[inline(never)]
pub fn outer<T: Into<u64>>(x: T) -> u64 {
    inner(x.into()) + 1
}
fn main() {
    println!("{}", outer(black_box(3u32)));
}
`;
const MAX_BYTES = 1 << 20;

interface Names {
  chains: string[];
  names: SymbolCacheStatistics;
}

let compiled: { path: string; addresses: bigint[] } | undefined;
function program(): { path: string; addresses: bigint[] } {
  if (compiled === undefined) {
    const { path } = compileProgram('rustc', 'kept.rs', SOURCE, ['-O', '-g', '-Clink-arg=-Wl,--build-id']);
    compiled = { path, addresses: addressesOf(findSymbol(path, /4kept5outer/)) };
  }
  return compiled;
}

interface Asked {
  path?: string;
  addresses?: readonly bigint[];
  style?: SymbolStyle;
  version?: string;
  maxBytes?: number;
}

/** One run: names, and keeps them in the folder. */
async function run(directory: string, asked: Asked = {}): Promise<Names> {
  const { path = program().path, addresses = program().addresses, style = {} } = asked;
  const { version = '1', maxBytes = MAX_BYTES } = asked;
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, path);
  session.keepSymbols(version, { directory, maxBytes });
  const resolved = await new NativeSymbolizer(session, style).symbolize({
    addresses: BigUint64Array.from(addresses),
    objects: new Uint32Array(addresses.length).fill(1),
    pids: new Uint32Array(addresses.length),
  });
  const chains = addresses.map((_, index) =>
    resolved
      .framesAt(index)
      .map(({ name, file, line, column, isInlined }) => `${name} ${file}:${line}:${column} ${isInlined}`)
      .join(' < '),
  );
  await session.saveSymbols();
  return { chains, names: session.statistics().names };
}

function assertCounts({ names }: Names, expected: Partial<SymbolCacheStatistics>): void {
  const none = { ahead: 0, fromDisk: 0, resolved: 0, evicted: 0, damagedFiles: 0, unwrittenFiles: 0 };
  assert.deepEqual(names, { ...none, ...expected });
}

test('a later run has the same names without looking for them', async () => {
  const directory = join(scratchDirectory('kept-names'), 'made', 'symbols');
  const first = await run(directory);
  const count = program().addresses.length;
  assertCounts(first, { resolved: count });
  assert.ok(first.chains.some((chain) => /kept::inner .*kept\.rs:4:\d+ true < kept::outer/.test(chain)));
  const second = await run(directory);
  assertCounts(second, { fromDisk: count });
  assert.deepEqual(second.chains, first.chains);
});

test('what is new is added to what is kept', async () => {
  const directory = scratchDirectory('kept-names');
  const { addresses } = program();
  const half = addresses.slice(0, addresses.length >> 1);
  await run(directory, { addresses: half });
  const whole = await run(directory);
  assertCounts(whole, { fromDisk: half.length, resolved: addresses.length - half.length });
  assertCounts(await run(directory), { fromDisk: addresses.length });
  assert.deepEqual(whole.chains, (await run(scratchDirectory('kept-names'))).chains);
});

test('names of another spelling or another version of the product are not taken', async () => {
  const directory = scratchDirectory('kept-names');
  const count = program().addresses.length;
  await run(directory);
  const raw = await run(directory, { style: { demangle: 'none' } });
  assertCounts(raw, { resolved: count });
  assert.match(raw.chains[0]!, /_ZN|_R/);
  assertCounts(await run(directory, { version: '2' }), { resolved: count });
});

test('a changed file with the build id of old is another file', async () => {
  const directory = scratchDirectory('kept-names');
  const path = join(scratchDirectory('kept-names'), 'program');
  copyFileSync(program().path, path);
  await run(directory, { path });
  appendFileSync(path, 'more');
  assertCounts(await run(directory, { path }), { resolved: program().addresses.length });
});

test('a damaged file is counted, and replaced by what is true', async () => {
  const directory = scratchDirectory('kept-names');
  const first = await run(directory);
  const [name = ''] = readdirSync(directory);
  const bytes = readFileSync(join(directory, name));
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(join(directory, name), bytes);
  const second = await run(directory);
  assertCounts(second, { resolved: first.chains.length, damagedFiles: 1 });
  assert.deepEqual(second.chains, first.chains);
  assertCounts(await run(directory), { fromDisk: first.chains.length });
});

test('a folder that cannot be made costs the later runs, and not this one', async () => {
  const inTheWay = join(scratchDirectory('kept-names'), 'file');
  writeFileSync(inTheWay, '');
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, program().path);
  session.keepSymbols('1', { directory: join(inTheWay, 'symbols'), maxBytes: MAX_BYTES });
  const [address = 0n] = program().addresses;
  const resolved = await new NativeSymbolizer(session).symbolize({
    addresses: BigUint64Array.of(address),
    objects: Uint32Array.of(1),
    pids: Uint32Array.of(0),
  });
  assert.ok(resolved.framesAt(0).length > 0);
  await assert.rejects(
    session.saveSymbols(),
    (error) => error instanceof NativeError && /symbols/.test(error.message),
  );
  assert.equal(session.statistics().names.unwrittenFiles, 1);
});

test('the room that is given is kept to', async () => {
  const directory = scratchDirectory('kept-names');
  await run(directory, { maxBytes: 100 });
  assert.deepEqual(readdirSync(directory), []);
});

test('files without a build id, and code in several files, are looked up each time', async () => {
  for (const flags of [
    ['-Clink-arg=-Wl,--build-id=none'],
    ['-Csplit-debuginfo=unpacked', '-Clink-arg=-Wl,--build-id'],
  ]) {
    const directory = join(scratchDirectory('kept-names'), 'symbols');
    const { path } = compileProgram('rustc', 'other.rs', SOURCE, ['-O', '-g', ...flags]);
    const addresses = addressesOf(findSymbol(path, /5other5outer/));
    const first = await run(directory, { path, addresses });
    const second = await run(directory, { path, addresses });
    assert.equal(second.names.resolved, addresses.length);
    assert.deepEqual(second.chains, first.chains);
    assert.ok(!existsSync(directory), flags.join(' '));
  }
});

test('runs at the same time leave whole files', async () => {
  const directory = scratchDirectory('kept-names');
  const script = `
    import { SamplerConnection } from '${new URL('../../src/ffi/sampler-connection.js', import.meta.url)}';
    import { NativeSymbolizer } from '${new URL('../../src/ffi/symbolizer.js', import.meta.url)}';
    const [path, directory, ...addresses] = process.argv.slice(1);
    for (let round = 0; round < 20; round += 1) {
      const session = SamplerConnection.withoutSampler();
      session.addObject(1, path);
      session.keepSymbols('1', { directory, maxBytes: ${MAX_BYTES} });
      const some = addresses.filter(() => Math.random() < 0.5).map(BigInt);
      await new NativeSymbolizer(session).symbolize({
        addresses: BigUint64Array.from(some),
        objects: new Uint32Array(some.length).fill(1),
        pids: new Uint32Array(some.length),
      });
      await session.saveSymbols();
      if (session.statistics().names.damagedFiles > 0) process.exitCode = 1;
      session.close();
    }`;
  const { path, addresses } = program();
  const args = ['--input-type=module', '-e', script, path, directory, ...addresses.map(String)];
  const start = promisify(execFile);
  await Promise.all([1, 2, 3].map(() => start(process.execPath, args)));
  const after = await run(directory);
  assert.equal(after.names.damagedFiles, 0);
  assert.deepEqual(after.chains, (await run(scratchDirectory('kept-names'))).chains);
  assert.equal(readdirSync(directory).length, 1);
});
