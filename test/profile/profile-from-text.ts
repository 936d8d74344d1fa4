import assert from 'node:assert/strict';
import { findIntegrityProblems } from '../../src/profile/integrity.js';
import {
  type Frame,
  NO_STACK,
  type Origin,
  type Profile,
  ProfileBuilder,
  UNKNOWN_FRAME,
} from '../../src/profile/profile.js';

/**
 * A profile drawn as columns of names, root at the top; the columns begin where those of the first row begin.
 *
 *   main                  main
 *   parse (src/a.rs:12)   write_[k]
 *   ×10                   ×3
 *
 * A cell is `name`, then optionally `_[i]`, `_[k]` or `_[j]`, ` @origin:crate` and ` (file:line)`; `×n` ends a column
 * and counts it n times.
 */
export function profileFromText(text: string): Profile {
  const builder = new ProfileBuilder();
  for (const [index, column] of columnsOf(text).entries()) {
    const count = /^×(\d+)$/.exec(column.at(-1) ?? '');
    const cells = count === null ? column : column.slice(0, -1);
    const stack = cells.reduce(
      (parent, cell) => builder.addStack(parent, builder.addFrame(frameFromCell(cell))),
      NO_STACK,
    );
    builder.addSample({ stack, values: [Number(count?.[1] ?? 1)], pid: 1, tid: 1 + index, comm: 'test' });
  }
  return assertSound(builder.finish());
}

/** Fails with every integrity problem of the profile; gives it back otherwise. */
export function assertSound(profile: Profile): Profile {
  assert.deepEqual(findIntegrityProblems(profile), []);
  return profile;
}

function columnsOf(text: string): string[][] {
  const rows = text.split('\n').filter((row) => row.trim() !== '');
  const starts = Array.from((rows[0] ?? '').matchAll(/(?<=^\s*|\s\s)\S/g), (match) => match.index);
  return starts.map((start, index) =>
    rows.map((row) => row.slice(start, starts[index + 1]).trim()).filter((cell) => cell !== ''),
  );
}

/** The frame that a cell of a drawing stands for. */
export function frameFromCell(cell: string): Frame {
  const match = /^(.+?)(_\[[kij]\])?(?: @(\w+)(?::(\S+))?)?(?: \((\S+):(\d+)\))?$/.exec(cell);
  assert(match !== null, `not a cell: ${cell}`);
  const [, name, suffix, origin, packageId = '', file, line] = match;
  const [crate = '', crateVersion = ''] = packageId.split('@');
  const kind = suffix === '_[k]' ? 'kernel' : suffix === '_[j]' ? 'jit' : 'user';
  return {
    ...UNKNOWN_FRAME,
    name: name!,
    kind,
    isInlined: suffix === '_[i]',
    origin: (origin as Origin | undefined) ?? (kind === 'kernel' ? 'kernel' : 'unknown'),
    crate,
    crateVersion,
    file: file ?? '',
    line: Number(line ?? 0),
  };
}
