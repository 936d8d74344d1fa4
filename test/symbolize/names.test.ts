import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SymbolStyle } from '../../src/ffi/symbolizer.js';
import { addressesOf, compileProgram, symbolsOf } from '../ffi/compiled-program.js';
import { frameNames, profileOf } from './profile-of-addresses.js';

const ASYNCHRONOUS = `use std::future::Future;
use std::hint::black_box;
use std::task::{Context, Poll, Waker};
#[inline(never)]
fn burn(count: u64) -> u64 { (0..count).fold(7, |sum, it| black_box(sum ^ it)) }
async fn handle(count: u64) -> u64 {
    let doubled = |it: u64| burn(black_box(it * 2));
    let tripled = |it: u64| burn(black_box(it * 3));
    doubled(count) + tripled(count) + inner(count).await
}
async fn inner(count: u64) -> u64 {
    let first = async { burn(black_box(count)) };
    let second = async { burn(black_box(count + 1)) };
    first.await + second.await
}
fn wait_for<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) { return value; }
    }
}
fn main() { println!("{}", wait_for(handle(black_box(3)))); }
`;

const READABLE = [
  'program::handle::{async fn}',
  'program::handle::{async fn}::{closure#1}',
  'program::handle::{async fn}::{closure}',
  'program::inner::{async fn}',
  'program::inner::{async fn}::{async block#1}',
  'program::inner::{async fn}::{async block}',
];

const CALLED = [
  'program::burn',
  'program::handle',
  'program::handle::{async fn}',
  'program::inner',
  'program::inner::{async fn}',
];

const MANGLINGS = [
  ['legacy', [], 'program::wait_for'],
  ['v0', ['-Csymbol-mangling-version=v0'], 'program::wait_for::<program::handle::{closure}>'],
] as const;

for (const [mangling, args] of MANGLINGS)
  test(`async functions, blocks and closures are told apart, ${mangling} mangling`, async () => {
    const { path } = compileProgram('rustc', 'program.rs', ASYNCHRONOUS, ['--edition=2021', '-g', ...args]);
    const symbols = /^_(ZN|R).*7program(6handle|5inner)(?!.*drop_in_place)/;
    const readable = await namesOf(path, symbols);
    assert.deepEqual(
      readable.filter((name) => name.startsWith('program::') && name.includes('{')),
      READABLE,
    );
    const raw = await namesOf(path, symbols, { demangle: 'none' });
    assert.ok(raw.some((name) => symbols.test(name)));
    assert.ok(!raw.some((name) => /[{:]/.test(name)), raw.join('\n'));
  });

for (const [mangling, args, waiting] of MANGLINGS)
  test(`with line tables only, what was called has the path of its symbol, ${mangling} mangling`, async () => {
    const lines = ['--edition=2021', '-Cdebuginfo=line-tables-only', ...args];
    const { path } = compileProgram('rustc', 'program.rs', ASYNCHRONOUS, lines);
    const names = await namesOf(
      path,
      /^_(ZN|R).*7program(4burn|6handle|5inner|8wait_for)(?!.*drop_in_place)/,
    );
    // Inner closures are not in the debug information at all.
    assert.deepEqual(
      names.filter((name) => name.startsWith('program::') && !/closure(#1)?}$/.test(name)),
      [...CALLED, waiting],
    );
  });

/** Of all that is there, inlined or not, in the functions of these symbols. */
async function namesOf(path: string, symbols: RegExp, style: SymbolStyle = {}): Promise<string[]> {
  const addresses = symbolsOf(path, symbols).flatMap(addressesOf);
  const { profile } = await profileOf(path, addresses, style);
  return frameNames(profile).sort();
}

const CALLS_OTHERS = `#include <stdio.h>
#include <string.h>
#include <time.h>
int main(int count, char **words) { clock(); return puts(words[0]) + strlen(words[count - 1]); }
`;

const RUST_LLD = join(
  execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim(),
  'lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld',
);

/** How the program is linked | sections with stubs, by readelf */
const LINKERS = `
-Wl,-z,lazy                               | .plt .plt.got
-Wl,-z,lazy -fcf-protection -Wl,-z,ibtplt | .plt.got .plt.sec
-fuse-ld=lld -B${RUST_LLD} -Wl,-z,lazy    | .plt
`;

for (const line of LINKERS.trim().split('\n')) {
  const [flags = '', sections = ''] = line.split('|').map((cell) => cell.trim());
  test(`stubs are named by the functions that they call: ${sections}`, async () => {
    const { path } = compileProgram('gcc', 'program.c', CALLS_OTHERS, ['-O1', ...flags.split(/ +/)]);
    const stubs = stubsOf(path);
    assert.deepEqual([...new Set(stubs.map(({ section }) => section))].sort(), sections.split(' '));
    const called = stubs.map(({ name }) => name);
    for (const name of ['puts@plt', 'strlen@plt', 'clock@plt']) assert.ok(called.includes(name), name);
    for (const { name, addresses } of stubs) {
      const { profile } = await profileOf(path, addresses);
      assert.deepEqual(frameNames(profile), [name]);
    }
  });
}

interface Stub {
  section: string;
  name: string;
  /** Of its instructions. */
  addresses: bigint[];
}

/** As objdump knows them. Padding is nobody's. */
function stubsOf(path: string): Stub[] {
  const text = execFileSync('objdump', ['-d', '--no-show-raw-insn', path], { encoding: 'utf8' });
  return text.split('Disassembly of section ').flatMap((part) => {
    const section = /^(\.plt[^:]*):/.exec(part)?.[1];
    if (section === undefined) return [];
    const labels = [...part.matchAll(/^[0-9a-f]+ <([^>+-]+@plt)>:\n((?: .*\n?)*)/gm)];
    return labels.map(([, name = '', code = '']) => ({ section, name, addresses: instructionsOf(code) }));
  });
}

function instructionsOf(code: string): bigint[] {
  const lines = code.split('\n').filter((line) => !/\t(nop|xchg|cs nop|data16)/.test(line));
  return lines
    .flatMap((line) => /^ *([0-9a-f]+):/.exec(line)?.[1] ?? [])
    .map((address) => BigInt(`0x${address}`));
}
