import { createReadStream } from 'node:fs';

/** Who reads the arguments of a harness. libtest-mimic counts as libtest, which it follows to the letter. */
export type HarnessKind = 'libtest' | 'criterion' | 'divan';

/**
 * Texts that an executable holds when this parser is linked into it: names of flags and variables, which are data
 * even in an optimized and stripped program. Several of each: a test may well pass `--include-ignored` to another
 * program.
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
 * What kind of harness a file is; undefined for one of its own making (`harness = false`), which may know nothing of
 * `--list` and do its work instead. Cargo does not tell, and to ask the program is to run it, so the file is read:
 * constants lie in front, so of a harness about 1 MB, of another program all.
 *
 * @throws NodeJS.ErrnoException when it cannot be read
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
