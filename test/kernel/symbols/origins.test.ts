import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../results/frame-name.js';
import { readSvgFrames, type SvgFrame } from '../results/svg-frames.js';
import { programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';

const wanted: [name: string, origin: string, crate: string | undefined][] = [
  ['origins::own_code', 'workspace', 'origins'],
  ['origins::dependency_code', 'workspace', 'origins'],
  ['digest_dependency::digest', 'dependency', 'digest'],
  ['core::slice::sort::stable::quicksort::quicksort', 'std', undefined],
  ['read_zero', 'kernel', undefined],
];

test(
  'workspace, re-exported dependency, std and kernel are told apart, in data and in colour',
  needsRoot,
  async () => {
    const args = ['--frequency', '997', '--', '--release', '--bin', 'origins'];
    const { svg, summary } = await profileWith({
      command: 'cargo-profile-bee',
      args,
      cwd: programsWorkspace(),
    });
    const frames = readSvgFrames(svg);
    for (const [name, origin, crate] of wanted) {
      const found = frames.filter((frame) => isNamed(frame.name, name));
      assert.ok(found.length > 0, `${name} is not in the picture`);
      assert.deepEqual([...new Set(found.map((frame) => frame.origin))], [origin], name);
      if (crate !== undefined)
        assert.ok(
          found.every((frame) => frame.crate.startsWith(crate)),
          JSON.stringify(found[0]),
        );
    }
    assertDifferentColours(frames);
    const self = frames.reduce((sum, frame) => sum + frame.self, 0);
    assert.ok(
      self <= summary.samples.delivered && self >= 0.97 * summary.samples.delivered,
      `Σ data-self ${self}`,
    );
  },
);

function assertDifferentColours(frames: readonly SvgFrame[]): void {
  const colours = new Map<string, Set<string>>();
  for (const { origin, fill } of frames) colours.set(origin, (colours.get(origin) ?? new Set()).add(fill));
  const origins = ['workspace', 'dependency', 'std', 'kernel'];
  for (const [index, origin] of origins.entries())
    for (const other of origins.slice(index + 1)) {
      const both = [...(colours.get(origin) ?? [])].filter((fill) => colours.get(other)?.has(fill));
      assert.deepEqual(both, [], `${origin} and ${other} share a colour`);
    }
}
