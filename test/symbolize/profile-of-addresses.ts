import type { RawSample } from '../../src/capture/raw-profile.js';
import { SamplerConnection } from '../../src/ffi/sampler-connection.js';
import { frameWord } from '../../src/ffi/stack-record.js';
import { NativeSymbolizer, type SymbolStyle } from '../../src/ffi/symbolizer.js';
import { frameAt, framesOfStack, type Profile, sampleAt } from '../../src/profile/profile.js';
import { type BuiltProfile, buildProfile } from '../../src/symbolize/build-profile.js';
import { NO_TOTALS } from './no-totals.js';

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

/** Of a program that was not run. */
export async function profileOf(
  path: string,
  addresses: readonly bigint[],
  style: SymbolStyle = {},
): Promise<BuiltProfile> {
  using session = SamplerConnection.withoutSampler();
  session.addObject(1, path);
  const objects = [{ id: 1, path, buildId: '', isVdso: false }];
  const raw = { objects, samples: samplesAt(addresses), totals: NO_TOTALS };
  return await buildProfile(raw, new NativeSymbolizer(session, style), []);
}

/** Each once. */
export function frameNames(profile: Profile): string[] {
  const stacks = Array.from({ length: profile.samples.length }, (_, index) => sampleAt(profile, index).stack);
  const frames = stacks.flatMap((stack) => framesOfStack(profile, stack));
  return [...new Set(frames.map((frame) => frameAt(profile, frame).name))];
}
