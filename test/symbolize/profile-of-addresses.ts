import { SamplerConnection } from '../../src/ffi/sampler-connection.js';
import { NativeSymbolizer, type SymbolStyle } from '../../src/ffi/symbolizer.js';
import { frameAt, framesOfStack, type Profile, sampleAt } from '../../src/profile/profile.js';
import type { BuiltProfile } from '../../src/symbolize/profile-assembler.js';
import { buildProfile } from './build-profile.js';
import { DrawnRun, type DrawnSample, drawnSample } from './drawn-run.js';

/** One sample per address, each a stack of that one frame. */
function samplesAt(addresses: readonly bigint[]): DrawnSample[] {
  return addresses.map((address) =>
    drawnSample({ comm: 'program', userFrames: [{ object: 1, address, rule: 'cfi' }] }),
  );
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
  const raw = new DrawnRun().batch(samplesAt(addresses), objects);
  return await buildProfile(raw, new NativeSymbolizer(session, style), []);
}

/** Each once. */
export function frameNames(profile: Profile): string[] {
  const stacks = Array.from({ length: profile.samples.length }, (_, index) => sampleAt(profile, index).stack);
  const frames = stacks.flatMap((stack) => framesOfStack(profile, stack));
  return [...new Set(frames.map((frame) => frameAt(profile, frame).name))];
}
