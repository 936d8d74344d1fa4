import { readFolded, writeFolded } from '../../src/formats/folded.js';
import type { Profile } from '../../src/profile/profile.js';

/** The whole file. */
export function foldedText(profile: Profile): string {
  return [...writeFolded(profile)].join('');
}

export function profileOfFolded(text: string): Profile {
  return readFolded(Buffer.from(text));
}
