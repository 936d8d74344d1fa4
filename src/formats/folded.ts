import { sortUtf8 } from '../profile/compare-utf8.js';
import {
  type Frame,
  frameAt,
  framesOfStack,
  NO_STACK,
  type Profile,
  ProfileBuilder,
  UNKNOWN_FRAME,
  UNKNOWN_FRAME_NAME,
} from '../profile/profile.js';

/** A line that is not `frame;frame count`. */
export class FoldedSyntaxError extends Error {
  override readonly name = 'FoldedSyntaxError';
  constructor(
    readonly lineNumber: number,
    readonly line: string,
  ) {
    super(
      `line ${lineNumber} of the folded stacks does not end in a space and a count: ${JSON.stringify(line.slice(0, 80))}`,
    );
  }
}

/**
 * Folded stacks: `root;…;leaf count`, each stack once, sorted by bytes. The format has no escaping, so names are
 * bent to it (see `foldedFrame`). Pids, threads, files, lines and origins are not in it.
 */
export function writeFolded(profile: Profile): string {
  const names = Array.from({ length: profile.frames.length }, (_, index) =>
    foldedFrame(frameAt(profile, index)),
  );
  const counts = new Map<string, number>();
  for (const [stack, count] of countsByStack(profile)) {
    const path = framesOfStack(profile, stack).map((frame) => names[frame]!);
    path.push(withoutTrailingNumber(path.pop()!));
    const text = path.join(';');
    counts.set(text, (counts.get(text) ?? 0) + count);
  }
  const sorted = sortUtf8([...counts.keys()]);
  return sorted.map((text) => `${text} ${counts.get(text)!}\n`).join('');
}

/**
 * Reads folded stacks of any writer. Blank lines, and lines that begin with `#` and have no count, are skipped.
 * Throws FoldedSyntaxError on any other line without a count.
 */
export function readFolded(text: string): Profile {
  const builder = new ProfileBuilder();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.trim() === '') continue;
    const match = /^(.+) (\d+)$/s.exec(line);
    if (match === null && line.startsWith('#')) continue;
    const count = Number(match?.[2]);
    if (!Number.isSafeInteger(count)) throw new FoldedSyntaxError(index + 1, line);
    if (count > 0)
      builder.addSample({ stack: addStackOfLine(builder, match![1]!), count, pid: 0, tid: 0, comm: '' });
  }
  return builder.finish();
}

/**
 * A frame as folded stacks spell it: `;` is `:`, control characters are spaces, lone surrogates U+FFFD; `_[k]` marks
 * kernel frames, `_[j]` JIT, `_[i]` inlined ones (one suffix: palettes of other tools know no combination).
 */
export function foldedFrame(frame: Pick<Frame, 'name' | 'kind' | 'isInlined'>): string {
  const name = frame.name
    .replaceAll(';', ':')
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\p{Cs}/gu, '\ufffd');
  return (name.trim() === '' ? UNKNOWN_FRAME_NAME : name) + suffixOf(frame);
}

function suffixOf(frame: Pick<Frame, 'kind' | 'isInlined'>): string {
  if (frame.kind === 'kernel') return '_[k]';
  if (frame.kind === 'jit') return '_[j]';
  return frame.isInlined ? '_[i]' : '';
}

// Readers split at the last space, and take ` 3 10` for the two counts of a differential file.
function withoutTrailingNumber(leaf: string): string {
  return leaf.replace(/ (?=\d+(?:\.\d*)?$)/, '_');
}

function countsByStack({ samples }: Profile): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < samples.length; i++) {
    const stack = samples.stack[i]!;
    counts.set(stack, (counts.get(stack) ?? 0) + samples.count[i]!);
  }
  return counts;
}

function addStackOfLine(builder: ProfileBuilder, stack: string): number {
  return stack
    .split(';')
    .reduce((parent, text) => builder.addStack(parent, builder.addFrame(parseFrame(text))), NO_STACK);
}

// A name that itself ends in such a suffix is read as the suffix: the format cannot tell.
function parseFrame(text: string): Frame {
  const name = text.replace(/_\[[kij]\]$/, '');
  if (text.endsWith('_[k]')) return { ...UNKNOWN_FRAME, name, kind: 'kernel', origin: 'kernel' };
  if (text.endsWith('_[j]')) return { ...UNKNOWN_FRAME, name, kind: 'jit' };
  return { ...UNKNOWN_FRAME, name, isInlined: text.endsWith('_[i]') };
}
