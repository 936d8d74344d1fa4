import assert from 'node:assert/strict';
import { readFolded, writeFolded } from '../../src/formats/folded.js';
import { assertSound } from '../profile/profile-from-text.js';

/** Reads folded text and writes it back: the same bytes must come out. */
export function assertRoundTrip(folded: string): void {
  assert.equal(writeFolded(assertSound(readFolded(folded))), folded);
}
