import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { assertAccounts } from '../kernel/results/assert-summary.js';
import { parseFolded } from '../kernel/results/folded-stacks.js';
import type { Summary } from '../kernel/results/summary.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { writeBurningProject } from '../packaging/burning-project.js';
import { installTarball } from '../packaging/installation.js';
import { NODE_MAJORS, nodeRelease } from './node-releases.js';

let command: string;
let project: string;

before(() => {
  if (needsRoot.skip) return;
  const modules = join(installTarball({ env: process.env }), 'node_modules');
  command = join(modules, 'cargo-profile-bee/bin/cargo-profile-bee.cjs');
  project = writeBurningProject(scratchDirectory());
});

for (const major of NODE_MAJORS) {
  test(`Node ${major}: one profile of the installed package`, needsRoot, () => {
    const node = nodeRelease(major);
    assert.match(execFileSync(node, ['--version'], { encoding: 'utf8' }), new RegExp(`^v${major}\\.`));
    const scratch = scratchDirectory();
    const outputs = ['--summary-json', 'summary.json', '--collapse', 'stacks.folded', '--svg', 'out.svg'];
    const files = outputs.map((word) => (word.startsWith('--') ? word : join(scratch, word)));
    const args = [command, '--no-open', ...files, '--', '--release', '--bin', 'server'];
    const run = spawnSync(node, args, { cwd: project, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    assert.doesNotMatch(run.stderr, /(Deprecation|Experimental)Warning/, 'Node keeps all that we use');
    const read = (name: string): string => readFileSync(join(scratch, name), 'utf8');
    const summary = JSON.parse(read('summary.json')) as Summary;
    assertAccounts(summary, parseFolded(read('stacks.folded')));
    assert.ok(summary.samples.delivered > 100, run.stderr);
    assert.match(read('out.svg'), /data-name="server::burn"/);
  });
}
