import {
  type Frame,
  frameAt,
  NO_STACK,
  type Profile,
  ProfileBuilder,
  UNKNOWN_FRAME,
  UNKNOWN_FRAME_NAME,
} from '../profile/profile.js';
import { foldedLines } from './folded-tree.js';
import type { Format } from './format.js';

/** Folded stacks, also called collapsed. */
export const FOLDED = {
  name: 'folded',
  endings: ['.folded', '.collapsed', '.txt'],
  describe: 'folded stacks',
  flag: 'collapse',
  write: writeFolded,
  read: readFolded,
  sniff: looksFolded,
} as const satisfies Format;

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
 * Folded stacks, line by line: `root;…;leaf count`, each stack once, sorted by bytes. The format has no escaping, so
 * `foldedFrame` adapts names to it. It has no pids, threads, files, lines or origins.
 */
export function writeFolded(profile: Profile): Iterable<string> {
  const names = Array.from({ length: profile.frames.length }, (_, index) =>
    foldedFrame(frameAt(profile, index)),
  );
  return foldedLines(profile, {
    asCaller: names.map((name) => `${name};`),
    asLeaf: names.map(withoutTrailingNumber),
  });
}

/** A stack and its count; some writers put a tab between them, or leave spaces at the end. */
const LINE = /^(.+)[ \t](\d+)\s*$/s;

/**
 * Reads folded stacks from any writer. Skips blank lines, and lines that start with `#` and have no count. Throws
 * FoldedSyntaxError for any other line without a count.
 */
export function readFolded(bytes: Uint8Array): Profile {
  const builder = new ProfileBuilder();
  let lineNumber = 0;
  for (const line of linesOf(bytes)) {
    lineNumber++;
    const match = LINE.exec(line);
    if (match === null && isSilent(line)) continue;
    const count = Number(match?.[2]);
    if (!Number.isSafeInteger(count)) throw new FoldedSyntaxError(lineNumber, line);
    if (count > 0)
      builder.addSample({
        stack: addStackOfLine(builder, match![1]!),
        values: [count],
        pid: 0,
        tid: 0,
        comm: '',
      });
  }
  return builder.finish();
}

/** Judges by the first line that says something. */
function looksFolded(head: Uint8Array): boolean {
  for (const line of linesOf(head)) {
    if (LINE.test(line)) return !/[\0-\x08\x0e-\x1f]/.test(line);
    if (!isSilent(line)) return false;
  }
  return false;
}

function isSilent(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

/** One string for a whole file could be longer than strings can be. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  for (let start = hasMark ? 3 : 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    yield decoder.decode(bytes.subarray(start, end));
    start = end + 1;
  }
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
