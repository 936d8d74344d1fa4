import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { addressesOf, compileProgram, findSymbol } from '../ffi/compiled-program.js';
import { frameNames, profileOf } from './profile-of-addresses.js';

const SOURCE = `use std::hint::black_box;
#[inline(never)]
fn parse(text: &str) -> u64 {
    text.bytes().fold(7, |sum, byte| black_box(sum ^ u64::from(byte)))
}
#[inline(never)]
fn render(count: u64) -> String {
    (0..count).map(|index| black_box(index).to_string()).collect()
}
fn main() {
    println!("{}", render(parse(black_box("a b c"))));
}
`;

test('every function of a stripped Rust program is one frame, named by where it begins', async () => {
  const { path } = compileProgram('rustc', 'program.rs', SOURCE, ['-O']);
  const [parse, render] = [findSymbol(path, /program5parse/), findSymbol(path, /program6render/)];
  execFileSync('strip', [path]);
  const addresses = [...addressesOf(parse), ...addressesOf(render)];
  const { profile, statistics, problems } = await profileOf(path, addresses);
  const expected = [parse, render].map(({ address }) => `[program+0x${address.toString(16)}]`);
  assert.deepEqual(frameNames(profile), expected);
  assert.equal(statistics.frames.user, addresses.length);
  assert.equal(statistics.frames.symbolized, 0);
  assert.deepEqual(problems, []);
});

test('addresses outside of every function keep themselves as names', async () => {
  const { path } = compileProgram('rustc', 'program.rs', SOURCE, ['-O', '-Cstrip=symbols']);
  const { profile } = await profileOf(path, [0x10n, 0x11n]);
  assert.deepEqual(frameNames(profile), ['[program+0x10]', '[program+0x11]']);
});
