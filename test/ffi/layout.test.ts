import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedLayout, reportedLayout } from '../../src/ffi/layout.js';

/** Structures that stay between the BPF program and the sampler are reported too, and no business of ours. */
const DECODED_HERE =
  /^(stack|frame|outcome|rule|loss|unwind_rule|unwind|cfa_register|fp)\.(?!size$)|^(stack|unwind_rule)\.size$/;

test('every constant of the TypeScript decoder is the C header’s', () => {
  const reported = Object.entries(reportedLayout()).filter(([name]) => DECODED_HERE.test(name));
  assert.deepEqual(expectedLayout(), Object.fromEntries(reported));
});
