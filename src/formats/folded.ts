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
      `line ${lineNumber} of the folded stacks does not end with a space and a count: ${JSON.stringify(line.slice(0, 80))}`,
    );
  }
}

/**
 * Folded stacks: `root;…;leaf count`, each stack once, sorted by bytes. The format has no escaping, so `foldedFrame` adapts
 * names to it. It has no pids, threads, files, lines or origins.
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
 * Reads folded stacks from any writer. Skips blank lines, and lines that start with `#` and have no count. Throws
 * FoldedSyntaxError for any other line without a count.
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
 * A frame in folded spelling: `;` becomes `:`, control characters become spaces, lone surrogates U+FFFD; `_[k]` marks
 * kernel frames, `_[j]` JIT, `_[i]` inlined ones (one suffix only: palettes of other tools know no combinations).
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

// Readers split at the last space, and read ` 3 10` as the two counts of a differential file.
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

// A name that itself ends with such a suffix is misread: the format cannot distinguish them.
function parseFrame(text: string): Frame {
  const name = text.replace(/_\[[kij]\]$/, '');
  if (text.endsWith('_[k]')) return { ...UNKNOWN_FRAME, name, kind: 'kernel', origin: 'kernel' };
  if (text.endsWith('_[j]')) return { ...UNKNOWN_FRAME, name, kind: 'jit' };
  return { ...UNKNOWN_FRAME, name, isInlined: text.endsWith('_[i]') };
}
