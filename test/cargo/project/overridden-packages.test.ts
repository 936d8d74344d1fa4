import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { overriddenPackages } from '../../../src/cargo/project/overridden-packages.js';
import { cargoProject, manifest } from '../cargo-project.js';

async function overridden(t: TestContext, profiles: string, profile = 'release'): Promise<string[]> {
  const root = cargoProject(t, { 'Cargo.toml': manifest('one', profiles) });
  return await overriddenPackages(root, profile);
}

test('the specs as the profile spells them, in every form of table', async (t) => {
  const specs = (profiles: string) => overridden(t, profiles);
  assert.deepEqual(await specs('[profile.release.package.two]\ndebug = 0'), ['two']);
  assert.deepEqual(await specs('[profile.release.package."two@1.0"]\ndebug = 0'), ['two@1.0']);
  assert.deepEqual(await specs('[profile.release.package]\ntwo = { debug = 0 }\n"*" = { strip = true }'), [
    'two',
    '*',
  ]);
  assert.deepEqual(await specs('[profile.release]\npackage.two.debug = 0'), ['two']);
  assert.deepEqual(await specs('[profile]\nrelease = { package = { two = { debug = 0 } } }'), ['two']);
  assert.deepEqual(await specs('[profile.release]\ndebug = 1'), []);
});

test('inherited profiles count, others do not', async (t) => {
  const profiles = `
[profile.dev.package.of-dev]
debug = 0
[profile.release.package.of-release]
debug = 0
[profile.dist]
inherits = "release"
package.of-dist.debug = 0`;
  assert.deepEqual(await overridden(t, profiles, 'dist'), ['of-dist', 'of-release']);
  assert.deepEqual(await overridden(t, profiles, 'bench'), ['of-release']);
  assert.deepEqual(await overridden(t, profiles, 'test'), ['of-dev']);
  assert.deepEqual(await overridden(t, profiles, 'unknown'), []);
});

test('no manifest, or one that cannot be read here, has none', async (t) => {
  assert.deepEqual(await overriddenPackages('/nonexistent', 'release'), []);
  assert.deepEqual(await overridden(t, '[profile.release.package.two]\ndebug = = 0'), []);
  const circle = '[profile.a]\ninherits = "b"\n[profile.b]\ninherits = "a"\npackage.two.debug = 0';
  assert.deepEqual(await overridden(t, circle, 'a'), ['two']);
});
