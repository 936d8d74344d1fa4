import assert from 'node:assert/strict';
import { NO_STACK, type Profile, ProfileBuilder } from '../../src/profile/profile.js';
import { assertSound, frameFromCell } from './profile-from-text.js';

/**
 * A profile drawn as an indented tree, two spaces a level, each line a cell of `profileFromText` and, behind ` ×`, the
 * samples of which it is the leaf.
 *
 *   main @workspace:app (src/main.rs:3) ×2
 *     read_[k] ×5
 */
export function profileFromTree(text: string): Profile {
  const builder = new ProfileBuilder();
  const open: number[] = [];
  for (const row of text.split('\n').filter((line) => line.trim() !== '')) {
    const match = /^((?: {2})*)(\S.*?)(?: ×(\d+))?$/.exec(row);
    assert(match !== null, `not a row: ${row}`);
    const depth = match[1]!.length / 2;
    const stack = builder.addStack(open[depth - 1] ?? NO_STACK, builder.addFrame(frameFromCell(match[2]!)));
    open.splice(depth, open.length, stack);
    if (match[3] !== undefined)
      builder.addSample({ stack, values: [Number(match[3])], pid: 1, tid: 1, comm: 'server' });
  }
  return assertSound(builder.finish());
}
