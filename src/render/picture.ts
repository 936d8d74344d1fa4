import type { Profile } from '../profile/profile.js';
import type { Caption } from './caption.js';

/** A file that shows a profile to a person. Unlike a data format it has a caption, and may hide what is too thin. */
export interface Picture {
  /** In `--format` and in the summary. */
  readonly name: string;
  /** Endings of file names, with the dot, the usual one first. `--format` knows them too, without the dot. */
  readonly endings: readonly string[];
  /** What it is, as the end of "Write …". */
  readonly describe: string;
  /** The flag that takes a file of any name: `svg` for `--svg FILE`. */
  readonly flag?: string;
  draw(profile: Profile, caption: Caption): Drawing;
}

export interface Drawing {
  /** The file in pieces of any size. */
  readonly pieces: Iterable<string | Uint8Array>;
  readonly framesShown: number;
  readonly framesHidden: number;
}
