import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { cacheDirectory } from './cache-directory.js';
import { fuzzSeeds } from './fuzz-seeds.js';
import { wireSeeds } from './wire-seeds.js';

const TARGETS = ['sweep', 'symbols', 'unwind', 'wire'];
const SECONDS = 60;
/** Of one input: findings, as crashes are. The largest inputs have some 30 KB. */
const LIMITS = ['-rss_limit_mb=1024', '-malloc_limit_mb=512', '-timeout=10', '-max_len=65536'];
/** What cargo-fuzz passes, less the sanitizer of addresses: the code has no `unsafe`, and a stable compiler has none. */
const COVERAGE = ['level=4', 'inline-8bit-counters', 'pc-table', 'trace-compares'];
const RUSTFLAGS = [
  '-Cpasses=sancov-module',
  ...COVERAGE.map((it) => `-Cllvm-args=-sanitizer-coverage-${it}`),
];
const MACHINE = 'x86_64-unknown-linux-gnu';

let elfSeeds: string;
let binaries: string;
before(() => {
  elfSeeds = fuzzSeeds();
  const folder = cacheDirectory('fuzz');
  const args = ['build', '--release', '--locked', '--manifest-path', 'native/fuzz/Cargo.toml'];
  const env = { ...process.env, RUSTFLAGS: RUSTFLAGS.join(' ') };
  execFileSync('cargo', [...args, '--target', MACHINE, '--target-dir', folder], { env, stdio: 'pipe' });
  binaries = join(folder, MACHINE, 'release');
});

for (const target of TARGETS) {
  test(`no input of a minute's fuzzing makes ${target} panic, hang or take much memory`, (t) => {
    const seeds = target === 'wire' ? wireSeeds() : elfSeeds;
    const findings = join(seeds, '..', `${target}-`);
    const args = [
      `-max_total_time=${SECONDS}`,
      `-artifact_prefix=${findings}`,
      '-print_final_stats=1',
      ...LIMITS,
    ];
    const corpus = join(seeds, '..', target);
    execFileSync('cp', ['-r', seeds, corpus]);
    const { status, stderr } = spawnSync(join(binaries, target), [...args, corpus], { encoding: 'utf8' });
    assert.equal(status, 0, stderr.slice(-4_000));
    const last = stderr.split('\n').findLast((line) => line.includes(' cov: '));
    const runs = /number_of_executed_units: (\d+)/.exec(stderr);
    t.diagnostic(`${runs?.[1]} inputs; ${last}`);
    // Else nothing was looked for beyond the seeds.
    const edges = [...stderr.matchAll(/ cov: (\d+)/g)].map(([, count]) => Number(count));
    assert.ok(edges.at(-1)! > edges[0]!, stderr.slice(-4_000));
  });
}
