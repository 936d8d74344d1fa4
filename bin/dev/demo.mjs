// `npm run demo`: sets everything up, then the main job on a program of fixtures/: build, run, flamegraph.
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, run, step } from './steps.mjs';

await build();
await step('the main job: cargo profile-bee --bin server', () => {
  run(process.execPath, [join(root, 'bin', 'cargo-profile-bee.cjs'), '--bin', 'server'], {
    cwd: join(root, 'fixtures', 'programs'),
  });
});
