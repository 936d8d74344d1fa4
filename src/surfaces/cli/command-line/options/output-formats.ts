import { basename } from 'node:path';
import type { Format } from '../../../../formats/format.js';
import { FORMATS } from '../../../../formats/formats.js';
import type { Picture } from '../../../../render/picture.js';
import { PICTURES } from '../../../../render/pictures.js';

/** What a profile can be written as. */
export type OutputFormat = Format | Picture;

type Entry = (typeof PICTURES)[number] | (typeof FORMATS)[number];
/** A flag that belongs to one format. */
export type FormatFlag = Extract<Entry, { flag: string }>['flag'];

/** Every format of `-o`, in the order of help: pictures first. */
export const OUTPUT_FORMATS: readonly OutputFormat[] = [...PICTURES, ...FORMATS];

export const FORMAT_FLAGS = OUTPUT_FORMATS.flatMap((format) =>
  format.flag === undefined ? [] : [{ flag: format.flag as FormatFlag, format }],
);

export const KNOWN_ENDINGS = OUTPUT_FORMATS.flatMap(({ endings }) => endings);

/** What `--format` accepts: the names, and the endings without their dot. */
export const FORMAT_WORDS = [...new Set(OUTPUT_FORMATS.flatMap(wordsOf))];

export function formatNamed(word: string): OutputFormat | undefined {
  return OUTPUT_FORMATS.find((format) => wordsOf(format).includes(word));
}

export function formatOfPath(path: string): OutputFormat | undefined {
  const ending = knownEnding(path);
  return OUTPUT_FORMATS.find(({ endings }) => ending !== undefined && endings.includes(ending));
}

/** The longest ending of a path that is known: of `a.pb.gz`, `.pb.gz` and not `.gz`. Undefined if none is. */
export function knownEnding(path: string, endings: readonly string[] = KNOWN_ENDINGS): string | undefined {
  const name = basename(path).toLowerCase();
  const found = endings.filter((ending) => name.endsWith(ending) && name !== ending);
  return found.toSorted((one, other) => other.length - one.length)[0];
}

export function isPicture(format: OutputFormat): format is Picture {
  return 'draw' in format;
}

function wordsOf({ name, endings }: OutputFormat): string[] {
  return [name, ...endings.map((ending) => ending.slice(1))];
}
