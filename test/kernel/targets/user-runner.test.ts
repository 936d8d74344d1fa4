import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { copyForEverybody } from '../running/repository.js';
import { asWhoRuns } from '../running/run-as-user.js';
import { beeEnvironment, profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

const VARIABLE = 'CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER';

const RUNNERS: { form: string; config: string[]; env: Record<string, string> }[] = [
  { form: 'a string', config: ["target.x86_64-unknown-linux-gnu.runner='env MARK=kept'"], env: {} },
  { form: 'an array', config: ["target.x86_64-unknown-linux-gnu.runner=['env', 'MARK=kept']"], env: {} },
  { form: 'a cfg', config: ["target.'cfg(unix)'.runner=['env', 'MARK=kept']"], env: {} },
  { form: 'a variable', config: [], env: { [VARIABLE]: 'env MARK=kept' } },
];

for (const { form, config, env } of RUNNERS) {
  test(`the user's runner as ${form}: the program sees what it sees under cargo run`, needsRoot, async () => {
    const args = [
      '--release',
      '-p',
      'echo',
      ...config.flatMap((value) => ['--config', value]),
      '--',
      'two words',
    ];
    const cwd = programsWorkspace();
    const ours = await profileWith({ command: 'cargo-profile-bee', args: ['--', ...args], cwd, env });
    const plain = execFileSync(...asWhoRuns('cargo', ['run', '-q', ...args]), {
      cwd,
      env: beeEnvironment(ours.scratch, env),
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
    assert.match(plain, /MARK/);
    // The derived profile has its own folder under target; the library path names it.
    assert.equal(ours.stdout.replaceAll('/target/profile-bee', '/target/release'), plain);
    assert.equal(ours.summary.targets.length, 1);
    assert.deepEqual(ours.summary.targets[0]?.argv.slice(0, 2), ['env', 'MARK=kept']);
  });
}

test(
  'a runner that is a string, with spaces in the paths of the package and of the temporary folder',
  needsRoot,
  async () => {
    const scratch = scratchDirectory();
    const [packageRoot, tmp] = [join(scratch, 'a package'), join(scratch, 'a temporary folder')];
    for (const folder of [packageRoot, tmp]) mkdirSync(folder);
    copyForEverybody(packageRoot);
    const config = "target.x86_64-unknown-linux-gnu.runner='env MARK=kept'";
    const run = await profileWith({
      command: 'cargo-profile-bee',
      args: ['--', '--release', '-p', 'echo', '--config', config, '--', 'two words'],
      cwd: programsWorkspace(),
      env: { TMPDIR: tmp },
      packageRoot,
    });
    assert.match(run.stdout, /^arguments: \["two words"\]$/m);
    assert.match(run.stdout, /^MARK=kept$/m);
    assert.match(run.stdout, new RegExp(`^TMPDIR=${tmp}$`, 'm'));
    assert.deepEqual(readdirSync(tmp), []);
  },
);

test('under an emulator the picture says so', needsRoot, async () => {
  const config = ['--config', "target.x86_64-unknown-linux-gnu.runner='valgrind -q'"];
  const args = ['--', '--bin', 'spin', ...config, '--', '--seconds', '1'];
  const run = await profileWith({ command: 'cargo-profile-bee', args, cwd: programsWorkspace() });
  const emulated = run.summary.problems.find(({ code }) => code === 'emulated');
  assert.match(emulated?.message ?? '', /^spin ran under valgrind, and no frame is its own/);
  assert.match(run.svg, /spin ran under valgrind/);
  assert.match(run.stderr, /warning: spin ran under valgrind/);
});
