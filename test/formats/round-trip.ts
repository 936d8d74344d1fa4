import assert from 'node:assert/strict';
import { assertSound } from '../profile/profile-from-text.js';
import { foldedText, profileOfFolded } from './folded-text.js';

/** Reads folded text and writes it back: the same bytes must come out. */
export function assertRoundTrip(folded: string): void {
  assert.equal(foldedText(assertSound(profileOfFolded(folded))), folded);
}
