import type { Profile } from '../profile/profile.js';

/** A file format for data: what a profile becomes for other programs, and what is read back. */
export interface Format {
  /** In `--format` and in the summary. */
  readonly name: string;
  /** Endings of file names, with the dot, the usual one first. `--format` knows them too, without the dot. */
  readonly endings: readonly string[];
  /** What it is, as the end of "Write …". */
  readonly describe: string;
  /** The flag that takes a file of any name: `collapse` for `--collapse FILE`. */
  readonly flag?: string;
  /** The file in pieces of any size: a whole profile may be longer than a string can be. */
  write(profile: Profile): Iterable<string | Uint8Array>;
  /** Reads a whole file, of other writers too. Throws an error that says what is wrong with it. */
  read?(bytes: Uint8Array): Profile;
  /** Whether a file that begins so (64 KiB, or less if it is shorter) may have this format. */
  sniff?(head: Uint8Array): boolean;
}
