import { createReadStream } from 'node:fs';

/** The parser of a harness's arguments. libtest-mimic counts as libtest, which it follows to the letter. */
export type HarnessKind = 'libtest' | 'criterion' | 'divan';

/**
 * Strings that an executable contains if this parser is linked in: names of flags and variables, which are data even in an
 * optimized and stripped program. Several for each parser, because a test may pass `--include-ignored` to another program.
 */
const MARKS: readonly { kind: HarnessKind; texts: readonly string[] }[] = [
  { kind: 'libtest', texts: ['include-ignored', 'test-threads', 'show-output'] },
  { kind: 'criterion', texts: ['CRITERION_HOME', 'profile-time', 'measurement-time'] },
  { kind: 'divan', texts: ['DIVAN_SAMPLE_COUNT', 'DIVAN_MAX_TIME', 'include-ignored'] },
];

const ALL_TEXTS = [...new Set(MARKS.flatMap(({ texts }) => texts))];
const LONGEST_TEXT_BYTES = Math.max(...ALL_TEXTS.map(({ length }) => length));
const CHUNK_BYTES = 1 << 20;

/**
 * The kind of harness; undefined for a custom one (`harness = false`), which may not know `--list` and do its work instead.
 * Cargo does not tell, and asking the program means running it, so we read the file: constants come early, so about 1 MB of
 * a harness is read, and all of another program.
 *
 * @throws NodeJS.ErrnoException if it cannot be read
 */
export async function harnessKind(executable: string): Promise<HarnessKind | undefined> {
  const found = new Set<string>();
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(executable, { highWaterMark: CHUNK_BYTES })) {
    const window = Buffer.concat([tail, chunk as Buffer]);
    for (const text of ALL_TEXTS) if (!found.has(text) && window.includes(text)) found.add(text);
    const complete = MARKS.find(({ texts }) => texts.every((text) => found.has(text)));
    if (complete !== undefined) return complete.kind;
    tail = window.subarray(-LONGEST_TEXT_BYTES);
  }
  return undefined;
}
