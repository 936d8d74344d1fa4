import { computeCallTree } from '../../src/profile/call-tree.js';
import { frameAt, type Profile } from '../../src/profile/profile.js';

/** The merged call tree, one line per node: `total self name`, indented by depth. */
export function callTreeText(profile: Profile): string {
  const tree = computeCallTree(profile);
  const lines: string[] = [];
  for (let node = 0; node < tree.length; node++) {
    const label = node === 0 ? 'all' : labelOf(profile, tree.frame[node]!);
    lines.push(`${'  '.repeat(tree.depth[node]!)}${label} ${tree.total[node]} ${tree.self[node]}`);
  }
  return `${lines.join('\n')}\n`;
}

function labelOf(profile: Profile, index: number): string {
  const frame = frameAt(profile, index);
  return (
    frame.name +
    (frame.isInlined ? ' inlined' : '') +
    (frame.file === '' ? '' : ` ${frame.file}:${frame.line}`)
  );
}
