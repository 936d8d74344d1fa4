import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeAdd, encodeStart } from '../../src/ffi/sampler-messages.js';
import { encodeRecord } from '../../src/ffi/wire/fields.js';
import {
  FACTS_LAYOUT,
  HISTOGRAM_LAYOUT,
  MESSAGE,
  OBJECT_LAYOUT,
  PROCESS_NEWS_LAYOUT,
} from '../../src/ffi/wire/protocol.js';
import { scratchDirectory } from '../ffi/scratch-directory.js';

const START = {
  frequencyHz: 997,
  event: 'cpu-clock',
  unwinder: 'dwarf',
  ringBytes: 4096,
  maxDepth: 127,
  tableMiB: 40,
  checksUnwinding: false,
} as const;
const OBJECT = {
  number: 1,
  path: Buffer.from('/bin/true'),
  buildId: Uint8Array.of(1, 2),
  state: { device: 1n, inode: 2n, size: 3n, modifiedNs: -4n, changedNs: 5n },
  hasDescriptor: true,
  isVdso: false,
  isCopy: false,
  isReplaced: false,
};

/** A folder with messages of both sides: kind and payload. */
export function wireSeeds(): string {
  const folder = join(scratchDirectory('bee-wire-'), 'seeds');
  mkdirSync(folder);
  const walk = { frames: 4, end: 'complete' };
  const messages: [kind: number, payload: Uint8Array][] = [
    [MESSAGE.start, encodeStart(START)],
    [MESSAGE.target, encodeAdd({ requestId: 1, pid: 2, isHeld: true, ancestor: 3, paths: ['/a', '/b'] })],
    [MESSAGE.object, encodeRecord(OBJECT_LAYOUT, OBJECT)],
    [MESSAGE.problem, encodeRecord(FACTS_LAYOUT, { code: 'odd', pid: 7, rows: ['main'], inKernel: walk })],
    [MESSAGE.process, encodeRecord(PROCESS_NEWS_LAYOUT, { pid: 7, timeNs: 8n, end: { waitStatus: 9 } })],
    [
      MESSAGE.histogram,
      encodeRecord(HISTOGRAM_LAYOUT, { event: 0, key: '', unit: 'ns', sum: 9n, counts: [1, 2] }),
    ],
  ];
  messages.forEach(([kind, payload], index) => {
    writeFileSync(
      join(folder, String(index)),
      Buffer.concat([Uint8Array.of(kind & 255, kind >> 8), payload]),
    );
  });
  return folder;
}
