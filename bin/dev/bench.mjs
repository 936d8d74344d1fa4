// `npm run bench [GROUP]`: builds, measures, prints a Markdown table. Several minutes; needs root and an idle machine.
import { build, STATIC_FLAGS } from './build.mjs';
import { setUpTests } from './setup.mjs';
import { run, step } from './steps.mjs';

if (process.getuid() !== 0) {
  console.error('npm run bench measures the sampler, which needs root: run it as root.');
  process.exit(77);
}
await build();
await setUpTests();
await step('compile the benchmarks', () => run('npx', ['--no-install', 'tsc']));
await step("what runs the kernel's own walk", () => {
  const example = ['-p', 'bee-sampler', '--example', 'frame_pointer_walk', '--target', STATIC_FLAGS.target];
  const args = ['build', '--release', '--locked', '--manifest-path', 'native/Cargo.toml', ...example];
  run(process.env.CARGO ?? 'cargo', args, { env: STATIC_FLAGS.env });
});
const { runBenchmarks } = await import('../../build/test/bench/run-benchmarks.js');
await runBenchmarks(process.argv[2]);
