import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SamplerConnection } from '../../../src/ffi/sampler-connection.js';
import { NativeSymbolizer } from '../../../src/ffi/symbolizer.js';
import { DebugDownloads, type DownloadReport } from '../../../src/symbolize/debuginfod/debug-downloads.js';
import { debuginfodSettings } from '../../../src/symbolize/debuginfod/settings.js';
import { scratchDirectory } from '../../ffi/scratch-directory.js';
import type { StrippedProgram } from './debuginfod-program.js';

/** No server of these tests takes so long. */
const LONG_MS = 60_000;
const OBJECT = 1;

export interface Asked {
  report: DownloadReport;
  /** Of the program's hidden function. */
  name: string;
}

/** One run's worth: the program is mapped, asked for, and named. */
export async function ask(
  program: Pick<StrippedProgram, 'path' | 'address'>,
  env: Record<string, string>,
  waitMs = LONG_MS,
): Promise<Asked> {
  using session = SamplerConnection.withoutSampler();
  const settings = debuginfodSettings(env);
  assert.ok(settings);
  using downloads = new DebugDownloads(session, settings);
  session.addObject(OBJECT, program.path);
  const report = await downloads.settle(waitMs);
  return { report, name: await nameAt(session, program.address) };
}

async function nameAt(session: SamplerConnection, address: bigint): Promise<string> {
  const entry = {
    addresses: BigUint64Array.of(address),
    objects: Uint32Array.of(OBJECT),
    pids: Uint32Array.of(0),
  };
  const [frame] = (await new NativeSymbolizer(session).symbolize(entry)).framesAt(0);
  return frame === undefined || frame.name === '' ? '' : `${frame.name}:${frame.line}`;
}

export function emptyCache(): string {
  return join(scratchDirectory('bee-debuginfod-'), 'cache');
}
