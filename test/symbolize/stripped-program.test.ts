import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { RawSample } from '../../src/capture/raw-profile.js';
import { Session } from '../../src/ffi/session.js';
import { frameWord } from '../../src/ffi/stack-record.js';
import { SessionSymbolizer } from '../../src/ffi/symbolizer.js';
import { frameAt, framesOfStack, type Profile, sampleAt } from '../../src/profile/profile.js';
import { type BuiltProfile, buildProfile } from '../../src/symbolize/build-profile.js';
import { addressesOf, compileProgram, findSymbol } from '../ffi/compiled-program.js';
import { NO_TOTALS } from './no-totals.js';

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

/** One sample per address, each a stack of that one frame. */
function samplesAt(addresses: readonly bigint[]): RawSample[] {
  return addresses.map((address) => ({
    timeNs: 0n,
    pid: 100,
    tid: 100,
    comm: 'program',
    root: 1,
    starter: undefined,
    cpu: 0,
    count: 1,
    outcome: 'complete',
    userFrames: BigUint64Array.of(frameWord(1, 'cfi', address)),
    kernelFrames: new BigUint64Array(0),
  }));
}

async function profileOf(path: string, addresses: readonly bigint[]): Promise<BuiltProfile> {
  using session = Session.withoutSampler();
  session.addObject(1, path);
  const objects = [{ id: 1, path, buildId: '', isVdso: false }];
  const raw = { objects, samples: samplesAt(addresses), totals: NO_TOTALS };
  return await buildProfile(raw, new SessionSymbolizer(session), []);
}

function frameNames(profile: Profile): string[] {
  const stacks = Array.from({ length: profile.samples.length }, (_, index) => sampleAt(profile, index).stack);
  const frames = stacks.flatMap((stack) => framesOfStack(profile, stack));
  return [...new Set(frames.map((frame) => frameAt(profile, frame).name))];
}

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
