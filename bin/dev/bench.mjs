// `npm run bench [GROUP]`: builds what is missing, measures, prints a Markdown table. Several minutes; needs root.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

if (process.getuid() !== 0) {
  console.error('npm run bench measures the sampler, which needs root: run it as root.');
  process.exit(77);
}
if (!existsSync(join(root, 'bin/profile-bee.cjs'))) run('npm', ['run', 'build']);
run('npx', ['tsc']);
const { runBenchmarks } = await import('../../build/test/bench/run-benchmarks.js');
runBenchmarks(process.argv[2]);
