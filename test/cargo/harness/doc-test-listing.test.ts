import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listDocTests, runsDocTests } from '../../../src/cargo/harness/doc-test-listing.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';

const LIBRARY = `
/// \`\`\`
/// std::fs::write("ran", "").unwrap();
/// \`\`\`
pub fn answer() {}
/// \`\`\`
/// std::fs::write("ran", "").unwrap();
/// \`\`\`
pub fn question() {}`;

const ANSWER = 'src/lib.rs - answer (line 2)';
const QUESTION = 'src/lib.rs - question (line 6)';

function library(t: TestContext, edition: string): string {
  const toml = manifest('documented').replace('"2021"', `"${edition}"`);
  return cargoProject(t, { 'Cargo.toml': toml, 'src/lib.rs': LIBRARY });
}

for (const edition of ['2021', '2024']) {
  test(`doc tests of edition ${edition} are listed by filter, and not run`, async (t) => {
    const cwd = library(t, edition);
    const list = (args: string[], harnessArgs: string[]) =>
      listDocTests(args, harnessArgs, { cwd, env: offlineEnvironment() });
    const listed = (...tests: string[]) => ({ kind: 'listed', tests, benchmarks: [] });
    assert.deepEqual(await list([], []), listed(ANSWER, QUESTION));
    assert.deepEqual(await list(['answer'], []), listed(ANSWER));
    assert.deepEqual(await list(['--doc'], ['question', '--nocapture', '-q']), listed(QUESTION));
    assert.deepEqual(await list(['-v'], ['--', 'question']), listed(QUESTION));
    assert.deepEqual(await list(['--release'], ['absent']), listed());
    assert.equal(existsSync(join(cwd, 'ran')), false);
  });
}

test('without a library, and with arguments that cargo or rustdoc refuse, it is unknown and says why', async (t) => {
  const env = offlineEnvironment();
  const cwd = cargoProject(t, { 'Cargo.toml': manifest('plain'), 'src/main.rs': 'fn main() {}' });
  const absent = await listDocTests([], [], { cwd, env });
  assert.match(JSON.stringify(absent), /"unknown".*no library targets found/);
  const refused = await listDocTests([], ['--bogus'], { cwd: library(t, '2021'), env });
  assert.match(JSON.stringify(refused), /"unknown".*bogus/);
});

test('a choice of targets leaves the doc tests out, and so does a name', () => {
  assert.equal(runsDocTests([]), true);
  for (const line of ['--doc', '-p member --release', '--workspace --config a=1']) {
    assert.equal(runsDocTests(line.split(' ')), true, line);
  }
  for (const line of [
    '--lib',
    '--bin server',
    '--test=first name',
    '--tests',
    '--all-targets',
    '--bench b',
  ]) {
    assert.equal(runsDocTests(line.split(' ')), false, line);
  }
});
