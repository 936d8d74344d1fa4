import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cargoProject, manifest, offlineEnvironment } from '../../cargo/cargo-project.js';
import { needsRoot } from '../running/needs-root.js';
import { runBee } from '../running/run-bee.js';

const PROJECT = {
  'Cargo.toml': manifest(
    'busy',
    '[profile.dist]\ninherits = "release"\n[package.metadata.profile-bee]\nfrequency = 499\nprofile = "dist"\n',
  ),
  'src/main.rs':
    'fn main() { let end = std::time::Instant::now(); while end.elapsed().as_millis() < 300 {} }',
  'profile-bee.toml': 'frequency = 251\nrequire = "samples>=1000000"\ncollapse = "configured.folded"\n',
};

test('a project’s settings reach the run; the command line is above them', needsRoot, async (t) => {
  const cwd = cargoProject(t, PROJECT);
  const request = { command: 'cargo-profile-bee', cwd, env: offlineEnvironment() } as const;
  const configured = await runBee({ ...request, outputs: 'summary', args: [] });
  assert.equal(configured.code, 6, configured.stderr);
  assert.equal(configured.summary?.event.frequencyHz, 251);
  assert.deepEqual(
    configured.summary?.outputs.map(({ path }) => path),
    [join(cwd, 'configured.folded')],
  );
  const typed = await runBee({ ...request, args: ['--frequency', '997', '--require', 'samples>=1'] });
  assert.equal(typed.code, 0, typed.stderr);
  assert.equal(typed.summary?.event.frequencyHz, 997);
  assert.equal(typed.summary?.outputs.length, 2, 'the typed outputs replace the configured one');
});

test(
  'a wrong setting ends with 2, its place and the nearest name, before anything is built',
  needsRoot,
  async (t) => {
    const cwd = cargoProject(t, PROJECT);
    writeFileSync(join(cwd, 'profile-bee.toml'), '# comment\nfreqency = 99\n');
    const { code, stderr, summary } = await runBee({
      command: 'cargo-profile-bee',
      cwd,
      outputs: 'summary',
      env: offlineEnvironment(),
      args: [],
    });
    assert.equal(code, 2);
    assert.match(stderr, /profile-bee\.toml:2: unknown setting freqency\n\s+did you mean frequency\?/);
    assert.doesNotMatch(stderr, /Compiling/);
    assert.equal(summary?.exit.source, 'usage');
  },
);

test('an output below target, where nothing has been built', needsRoot, async (t) => {
  const cwd = cargoProject(t, PROJECT);
  writeFileSync(join(cwd, 'profile-bee.toml'), 'collapse = "target/deep/er.folded"\n');
  const env = offlineEnvironment();
  const run = await runBee({ command: 'cargo-profile-bee', cwd, outputs: 'summary', env, args: [] });
  assert.equal(run.code, 0, run.stderr);
  assert.ok(existsSync(join(cwd, 'target/deep/er.folded')));
  assert.match(
    readFileSync(join(cwd, 'target/CACHEDIR.TAG'), 'utf8'),
    /^Signature: 8a477f597d28d172789f06886806bc55/,
  );
});
