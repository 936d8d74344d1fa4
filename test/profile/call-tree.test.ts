import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeCallTree } from '../../src/profile/call-tree.js';
import { compareUtf8 } from '../../src/profile/compare-utf8.js';
import { NO_STACK, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { assertGolden } from '../formats/golden.js';
import { callTreeText } from './call-tree-text.js';
import { assertSound, profileFromText } from './profile-from-text.js';

const PARSE_AND_RENDER = `
  main        main        main     main
  parse       parse       render   parse
  next_token  next_token
`;

test('self and total of every node, siblings by name', () => {
  assertGolden(callTreeText(profileFromText(PARSE_AND_RENDER)), 'tree/parse-and-render.txt');
});

test('the order of the samples does not matter', () => {
  const reversed = profileFromText(`
    main     main    main        main
    render   parse   parse       parse
                     next_token  next_token
  `);
  assert.equal(callTreeText(reversed), callTreeText(profileFromText(PARSE_AND_RENDER)));
});

test('one function at two lines is one node, with the line that has most samples', () => {
  const profile = profileFromText(`
    main           main           main
    f (a.rs:10)    f (a.rs:9)     f (a.rs:11)
    g              g              g
    ×2             ×3             ×3
  `);
  assert.equal(callTreeText(profile), 'all 8 0\n  main 8 0\n    f a.rs:9 8 0\n      g 8 8\n');
});

test('the inlined and the called copy of a function stay apart', () => {
  const profile = profileFromText(`
    main    main
    f_[i]   f
  `);
  assert.equal(callTreeText(profile), 'all 2 0\n  main 2 0\n    f 1 1\n    f inlined 1 1\n');
});

test('recursion makes a node per level, and 20,000 levels need no stack', () => {
  const builder = new ProfileBuilder();
  const frame = builder.addFrame({ ...UNKNOWN_FRAME, name: 'f' });
  let stack = NO_STACK;
  for (let depth = 0; depth < 20_000; depth++) stack = builder.addStack(stack, frame);
  builder.addSample({ stack, values: [1], pid: 1, tid: 1, comm: '' });
  const tree = computeCallTree(assertSound(builder.finish()));
  assert.equal(tree.length, 20_001);
  assert.equal(tree.depth[20_000], 20_000);
  assert.equal(tree.subtreeEnd[1], 20_001);
});

test('names are ordered as their UTF-8 bytes', () => {
  const names = ['', 'a', 'aa', 'b', 'é', '\u{e000}', '\u{ffff}', '\u{1f41d}'];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual([...names].reverse().sort(compareUtf8), byBytes);
});
