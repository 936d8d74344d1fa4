import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_STACK, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { type FlamegraphLayout, layoutFlamegraph } from '../../src/render/flamegraph-layout.js';
import { assertSound, profileFromText } from '../profile/profile-from-text.js';

const boxes = (layout: FlamegraphLayout) =>
  layout.nodes.map(({ frame, depth, x, total, self, hidden }) =>
    [frame.name, depth, x, total, self, hidden.frames, hidden.total].join(' '),
  );

const PARSE_AND_RENDER = profileFromText(`
  main   main    main     idle
  parse  render  render
  ×5     ×3      ×1       ×1
`);

test('boxes stand on their parents, siblings by name from the left', () => {
  const layout = layoutFlamegraph(PARSE_AND_RENDER);
  assert.deepEqual(boxes(layout), [
    'idle 0 0 1 1 0 0',
    'main 0 1 9 0 0 0',
    'parse 1 1 5 5 0 0',
    'render 1 6 4 4 0 0',
  ]);
  assert.deepEqual([layout.totalCount, layout.rows, layout.framesShown, layout.framesHidden], [10, 2, 4, 0]);
});

test('beyond maxFrames the thin ones are hidden, and counted where they stood', () => {
  const layout = layoutFlamegraph(PARSE_AND_RENDER, { maxFrames: 2, widthPx: 100, minWidthPx: 50 });
  assert.deepEqual(boxes(layout), ['main 0 0 9 0 1 4', 'parse 1 0 5 5 0 0']);
  assert.deepEqual(layout.hiddenAtRoot, { frames: 1, total: 1 });
  assert.deepEqual([layout.framesShown, layout.framesHidden], [2, 2]);
});

test('frames of minWidthPx stay, however many there are', () => {
  const layout = layoutFlamegraph(PARSE_AND_RENDER, { maxFrames: 1, widthPx: 100, minWidthPx: 40 });
  assert.deepEqual(
    layout.nodes.map((node) => node.frame.name),
    ['main', 'parse', 'render'],
  );
});

test('a hidden subtree is counted whole, at the nearest parent that is drawn', () => {
  const profile = profileFromText(`
    main   main  main
    parse  a     a
           b     c
    ×97    ×2    ×1
  `);
  const layout = layoutFlamegraph(profile, { maxFrames: 2, widthPx: 10 });
  assert.deepEqual(boxes(layout), ['main 0 0 100 0 3 3', 'parse 1 0 97 97 0 0']);
  assert.equal(layout.rows, 2);
  assert.equal(layoutFlamegraph(profile, { maxFrames: 0, minWidthPx: 1300 }).rows, 1, 'all hidden');
});

test('every total is self, children and hidden together', () => {
  const builder = new ProfileBuilder();
  for (let i = 0; i < 3000; i++) {
    let stack = NO_STACK;
    for (let level = 0, rest = i * 7919; level < 6; level++, rest = Math.floor(rest / 5)) {
      stack = builder.addStack(stack, builder.addFrame({ ...UNKNOWN_FRAME, name: `f${rest % 5}` }));
    }
    builder.addSample({ stack, values: [1 + (i % 3)], pid: 1, tid: 1, comm: '' });
  }
  const layout = layoutFlamegraph(assertSound(builder.finish()), { maxFrames: 500 });
  assert(layout.framesHidden > 0 && layout.framesShown > 0);
  const childTotals = new Map<number, number>();
  const open: number[] = [];
  for (const [index, node] of layout.nodes.entries()) {
    open.splice(node.depth);
    const parent = open.at(-1) ?? -1;
    childTotals.set(parent, (childTotals.get(parent) ?? 0) + node.total);
    open.push(index);
  }
  for (const [index, { self, total, hidden }] of layout.nodes.entries()) {
    assert.equal(total, self + (childTotals.get(index) ?? 0) + hidden.total);
  }
  assert.equal(layout.totalCount, (childTotals.get(-1) ?? 0) + layout.hiddenAtRoot.total);
});

test('the same profile in another order gives the same layout', () => {
  const reversed = profileFromText(`
    idle  main    main    main
          render  render  parse
    ×1    ×1      ×3      ×5
  `);
  assert.deepEqual(layoutFlamegraph(reversed), layoutFlamegraph(PARSE_AND_RENDER));
});

test('origins are summed by the innermost frame', () => {
  const { selfByOrigin } = layoutFlamegraph(
    profileFromText(`
      main @workspace:app  main @workspace:app
      read_[k]             push @std:alloc
      ×3                   ×2
    `),
  );
  assert.deepEqual(selfByOrigin, { workspace: 0, dependency: 0, std: 2, kernel: 3, native: 0, unknown: 0 });
});

test('an empty profile has an empty layout', () => {
  const layout = layoutFlamegraph(new ProfileBuilder().finish());
  assert.deepEqual([layout.nodes.length, layout.rows, layout.framesHidden, layout.totalCount], [0, 0, 0, 0]);
});
