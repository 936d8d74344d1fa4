import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { symbolizeFile } from '../../src/symbolize/symbolize-file.js';
import { compileProgram, findSymbol } from '../ffi/compiled-program.js';
import { chainsOf } from './agreement/agreement.js';
import type { Chain } from './agreement/chain.js';
import { CPP_SOURCE } from './agreement/programs.js';
import { randomCodeAddresses } from './agreement/random-addresses.js';
import { splitFilesOf } from './agreement/split-programs.js';

const SPLIT = ['-O2', '-g', '-gsplit-dwarf'];

function compiled(...flags: string[]): string {
  return compileProgram('g++', 'program.cpp', CPP_SOURCE, flags).path;
}

interface Known {
  addresses: bigint[];
  chains: Chain[];
}

/** What the whole program answers, before its debug information is moved. */
async function known(path: string): Promise<Known> {
  const addresses = randomCodeAddresses(path, 400, 5);
  const chains = await chainsOf(path, addresses, {});
  assert.ok(chains.some((chain) => chain.length > 3 && chain[0]!.line > 0));
  return { addresses, chains };
}

/** Debug information that is in a file of its own, with a link to it. */
function separated(path: string, ...more: string[]): string {
  const debug = `${path}.debug`;
  execFileSync('llvm-objcopy-19', ['--only-keep-debug', ...more, path, debug]);
  execFileSync('llvm-objcopy-19', ['--strip-all', `--add-gnu-debuglink=${debug}`, path]);
  return debug;
}

for (const [name, flag, ...more] of [
  ['with a build id', '-Wl,--build-id'],
  ['by its sum', '-Wl,--build-id=none'],
  ['compressed by zlib', '-Wl,--build-id', '--compress-debug-sections=zlib'],
  ['compressed by zstd', '-Wl,--build-id=none', '--compress-debug-sections=zstd'],
] as const) {
  test(`a file behind a debug link, ${name}`, async () => {
    const path = compiled('-O2', '-g', flag);
    const { addresses, chains } = await known(path);
    const debug = separated(path, ...more);
    assert.deepEqual(await chainsOf(path, addresses, {}), chains);
    mkdirSync(join(dirname(path), '.debug'));
    renameSync(debug, join(dirname(path), '.debug/program.debug'));
    assert.deepEqual(await chainsOf(path, addresses, {}), chains);
  });

  test(`a file of another build behind a debug link is not believed, ${name}`, async () => {
    const path = compiled('-O2', '-g', flag);
    const { addresses } = await known(path);
    const debug = separated(path, ...more);
    execFileSync('llvm-objcopy-19', ['--only-keep-debug', ...more, compiled('-O1', '-g', flag), debug]);
    const chains = await chainsOf(path, addresses, {});
    assert.ok(chains.every((chain) => chain.every(({ file }) => file === '')));
  });
}

test('the file of a build id that the system has installed', async (context) => {
  const path = '/lib/x86_64-linux-gnu/libc.so.6';
  const { address } = findSymbol(path, /^qsort@@/, '-D');
  const [frame] = (await symbolizeFile(path, [address])).framesAt(0);
  if (frame?.hasDebugInfo !== true) return context.skip('libc6-dbg is not installed');
  assert.match(frame.file, /msort\.c$/);
  assert.ok(frame.line > 0);
});

test('a .dwo file that is missing costs inlined calls, not names and lines, and is named once', async () => {
  const path = compiled(...SPLIT);
  const { addresses, chains } = await known(path);
  const [missing] = splitFilesOf(path);
  rmSync(missing!);
  const found = await chainsOf(path, addresses, {});
  for (const [index, chain] of found.entries()) {
    assert.ok(chain.length <= 1);
    assert.deepEqual([chain[0]?.file, chain[0]?.line], [chains[index]![0]?.file, chains[index]![0]?.line]);
  }
  const isNamed = (chain: Chain) => (chain.at(-1)?.name ?? '') !== '';
  assert.deepEqual(found.map(isNamed), chains.map(isNamed));
  const { problems } = await symbolizeFile(path, addresses);
  assert.equal(problems.length, 1);
  assert.equal(
    problems[0]!.message,
    `Inlined calls are not shown: ${missing} is missing or of another build.`,
  );
});

test('a .dwo file of another build is not believed, one that moved with its program is found', async () => {
  const path = compiled(...SPLIT);
  const { addresses, chains } = await known(path);
  const [own] = splitFilesOf(path);
  const moved = join(dirname(compiled('-O1')), 'moved');
  copyFileSync(path, moved);
  renameSync(own!, join(dirname(moved), own!.slice(dirname(own!).length + 1)));
  assert.deepEqual(await chainsOf(moved, addresses, {}), chains);
  const other = compiled('-O1', '-g', '-gsplit-dwarf', '-DOTHER');
  copyFileSync(splitFilesOf(other)[0]!, own!);
  const { problems } = await symbolizeFile(path, addresses);
  assert.match(problems[0]?.message ?? '', /is missing or of another build\.$/);
});

for (const [name, ...flags] of [['GNU forms'], ['DWARF 5 forms', '--dwarf-5']] as const) {
  test(`what dwz moved into a supplementary file, ${name}`, async () => {
    const [path, other] = [compiled('-O2', '-g', '-Wl,--build-id'), compiled('-O2', '-g', '-DOTHER')];
    const { addresses, chains } = await known(path);
    const supplement = join(dirname(path), 'supplement');
    execFileSync('dwz', [...flags, '-m', supplement, '-M', './supplement', path, other]);
    assert.deepEqual(await chainsOf(path, addresses, {}), chains);

    copyFileSync(other, supplement);
    const { problems } = await symbolizeFile(path, addresses);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['Names are missing: ./supplement, which dwz made, is not found, or of another build.'],
    );

    execFileSync('objcopy', ['--remove-section=.debug_*', path]); // the name stays
    assert.deepEqual((await symbolizeFile(path, addresses)).problems, []);
  });
}
