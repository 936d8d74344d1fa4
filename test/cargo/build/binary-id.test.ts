import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binaryId, doctestId } from '../../../src/cargo/build/binary-id.js';
import type { ArtifactKind } from '../../../src/cargo/build/build.js';
import { nextestTestName } from '../../../src/cargo/harness/nextest-test-name.js';

const IDS: Record<ArtifactKind, string> = {
  lib: 'my-pkg',
  test: 'my-pkg::name',
  bin: 'my-pkg::bin/name',
  example: 'my-pkg::example/name',
  bench: 'my-pkg::bench/name',
};

test('binaries are called as nextest calls them', () => {
  for (const [kind, id] of Object.entries(IDS))
    assert.equal(binaryId('my-pkg', kind as ArtifactKind, 'name'), id);
  assert.deepEqual([doctestId('my-pkg'), doctestId(undefined)], ['my-pkg::doctest', 'doctest']);
});

test('the test that nextest runs stands in the arguments, behind a runner too', () => {
  const one = ['--exact', 'tests::one', '--nocapture'];
  assert.equal(nextestTestName(['/t/bin', ...one]), 'tests::one');
  assert.equal(nextestTestName(['env', 'A=b', '/t/bin', ...one, '--ignored']), 'tests::one');
  assert.equal(nextestTestName(['/t/bin', '--list', '--format', 'terse']), undefined);
  assert.equal(nextestTestName(['/t/bin', 'tests::one', '--exact']), undefined);
});
