import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NO_STACK, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { layoutFlamegraph } from '../../src/render/flamegraph-layout.js';
import { assertGolden } from '../formats/golden.js';
import { assertSound, profileFromText } from '../profile/profile-from-text.js';
import { profileFromTree } from '../profile/profile-from-tree.js';
import { hostileProfile } from './hostile-profile.js';
import { svgText } from './svg-text.js';

const OPTIONS = { title: 'parse-and-render', subtitle: '10 samples · 100 % complete' };
const frameTags = (svg: string) => svg.match(/<g class="frame"[^>]*>/g) ?? [];

const EVERY_ORIGIN = profileFromText(`
  main @workspace:app (src/main.rs:3)   main @workspace:app (src/main.rs:4)      __clone3 @native
  parse_[i] @workspace:app (src/a.rs:9) serde_json::to_vec @dependency:serde_json jitted_[j]
  core::str::from_utf8 @std:core        write_[k]
  ×50                                   ×30                                      ×20
`);

test('the picture of every origin', () => {
  assertGolden(svgText(layoutFlamegraph(EVERY_ORIGIN), OPTIONS), 'svg/every-origin.svg');
});

test('each frame carries the attributes of the contract', () => {
  const [first, ...rest] = frameTags(svgText(layoutFlamegraph(EVERY_ORIGIN), OPTIONS));
  assert.equal(
    first,
    '<g class="frame" data-name="__clone3" data-origin="native" data-crate="" data-self="0" data-total="20">',
  );
  assert(
    rest.includes(
      '<g class="frame" data-name="parse" data-origin="workspace" data-crate="app" data-self="0" data-total="50" data-inlined="1">',
    ),
  );
  assert.equal(rest.length, 6);
});

test('the tooltip tells samples, share, origin and place', () => {
  const svg = svgText(layoutFlamegraph(EVERY_ORIGIN), OPTIONS);
  assert(svg.includes('<title>parse\n50 samples, 50.0 % · workspace app · inlined · src/a.rs:9</title>'));
  const dependency = svgText(layoutFlamegraph(profileFromText('de @dependency:serde@1.0.2')), OPTIONS);
  assert(dependency.includes('<title>de\n1 sample, 100.0 % · dependency serde 1.0.2</title>'));
});

test('a profile of times shows times', () => {
  const builder = new ProfileBuilder({ values: [{ name: 'time', unit: 'microseconds' }] });
  const main = builder.addStack(NO_STACK, builder.addFrame({ ...UNKNOWN_FRAME, name: 'main' }));
  const wait = builder.addStack(main, builder.addFrame({ ...UNKNOWN_FRAME, name: 'wait' }));
  const sample = { pid: 1, tid: 1, comm: '' };
  builder.addSample({ ...sample, stack: main, values: [250] });
  builder.addSample({ ...sample, stack: wait, values: [2_000_000] });
  const svg = svgText(layoutFlamegraph(assertSound(builder.finish())), OPTIONS);
  assert(svg.includes('<title>all · 2.00 s</title>'));
  assert(svg.includes('<title>main\n2.00 s, 100.0 % · self 250 µs, 0.01 % · unknown</title>'));
});

test('a warning is marked, a hidden frame is counted in the subtitle', () => {
  const layout = layoutFlamegraph(EVERY_ORIGIN, { maxFrames: 3, minWidthPx: 400 });
  const svg = svgText(layout, { ...OPTIONS, warnings: ['Only 12 % of the stacks are complete.'] });
  assert.match(svg, /<rect class="alert"/);
  assert.match(svg, /class="warning"[^>]*>⚠ Only 12 % of the stacks are complete\.</);
  assert.match(svg, /class="subtitle"[^>]*>10 samples · 100 % complete · 4 thin frames hidden</);
  assert.match(
    svg,
    /<g class="hidden" data-total="20"><title>2 thinner frames not drawn \(20\.0 %\)<\/title>/,
  );
  assert.doesNotMatch(svgText(layoutFlamegraph(EVERY_ORIGIN), OPTIONS), /<rect class="alert"|frames? hidden/);
});

test('the root is at the bottom, or on top when inverted', () => {
  const rowsOf = (isInverted: boolean) => {
    const svg = svgText(layoutFlamegraph(EVERY_ORIGIN, { isInverted }), OPTIONS);
    const y = (pattern: RegExp) => Number(pattern.exec(svg)?.[1]);
    return y(/<g class="root".*? y="(\d+)"/) - y(/data-name="core::str::from_utf8"[\s\S]*? y="(\d+)"/);
  };
  assert.equal(rowsOf(false), 3 * 17);
  assert.equal(rowsOf(true), -3 * 17);
});

test('hostile names make no markup', () => {
  const svg = svgText(layoutFlamegraph(hostileProfile()), {
    title: '<script>',
    subtitle: '</svg>',
    warnings: [']]>'],
  });
  assert.equal(svg.match(/<script/g)?.length, 1);
  assert.equal(svg.match(/<\/svg/g)?.length, 1);
  assert.equal(svg.match(/\]\]>/g)?.length, 2, 'the style and the script end once each');
  assert.doesNotMatch(svg, /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ufffe\uffff]|\p{Cs}/u);
});

test('the script refers to nothing outside the file', () => {
  const svg = svgText(layoutFlamegraph(EVERY_ORIGIN), OPTIONS);
  const links = svg.match(/\b(?:https?:)?\/\/[\w.]+\/[^\s"'<]*/g) ?? [];
  assert.deepEqual(
    links.filter((link) => !link.startsWith('http://www.w3.org/')),
    [],
  );
});

test('2,000 levels with inlined frames are drawn', () => {
  const builder = new ProfileBuilder();
  let stack = NO_STACK;
  for (let depth = 0; depth < 2000; depth++) {
    const frame = builder.addFrame({ ...UNKNOWN_FRAME, name: 'descend', isInlined: depth % 2 === 1 });
    stack = builder.addStack(stack, frame);
  }
  builder.addSample({ stack, values: [3], pid: 1, tid: 1, comm: '' });
  const svg = svgText(layoutFlamegraph(assertSound(builder.finish())), OPTIONS);
  assert.equal(frameTags(svg).length, 2000);
});

test('an empty profile still makes a picture', () => {
  const svg = svgText(layoutFlamegraph(new ProfileBuilder().finish()), OPTIONS);
  assert.match(svg, /all · 0 samples/);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

test('frames with long Rust names cost about 500 bytes each', () => {
  const path = fileURLToPath(new URL('../../../fixtures/profiles/tokio-server.tree', import.meta.url));
  const layout = layoutFlamegraph(profileFromTree(readFileSync(path, 'utf8')));
  const frames = svgText(layout, OPTIONS)
    .split('\n')
    .filter((line) => line.startsWith('<g class="frame"') || line.includes('</title><rect'));
  assert(frames.join('\n').length / layout.framesShown < 520);
});
