import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CargoVerb } from '../../../src/cargo/command/cargo-verb.js';
import { readTargets } from '../../../src/cargo/launch/runner.js';
import { hostTriple } from '../../../src/cargo/project/rustc.js';
import { cargoProject, offlineEnvironment } from '../cargo-project.js';

interface Setup {
  config?: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
  files?: Record<string, string>;
  project?: string;
  verb?: CargoVerb;
}

async function triples(
  t: TestContext,
  { config = '', args = [], env, files, project = '.', verb = 'run' }: Setup,
) {
  const directory = cargoProject(t, {
    '.cargo/config.toml': config,
    [join(project, 'placeholder')]: '',
    ...files,
  });
  const context = { cwd: join(directory, project), env: { ...offlineEnvironment(), ...env } };
  return (await readTargets(verb, args, context)).triples;
}

const FILE = '[build]\ntarget = "from-file"\n';

test('without a choice: the host', async (t) => {
  assert.deepEqual(await triples(t, {}), [await hostTriple({ cwd: '/', env: process.env })]);
});

test('build.target of a configuration file, of a parent directory too', async (t) => {
  assert.deepEqual(await triples(t, { config: FILE }), ['from-file']);
  assert.deepEqual(await triples(t, { config: FILE, project: 'deep/er' }), ['from-file']);
});

test('tests: the host as well, where those of procedural macros run', async (t) => {
  const host = await hostTriple({ cwd: '/', env: process.env });
  assert.deepEqual(await triples(t, { config: FILE, verb: 'test' }), ['from-file', host]);
  assert.deepEqual(await triples(t, { args: ['--target', host], verb: 'nextest' }), [host]);
});

test('a list of targets', async (t) => {
  assert.deepEqual(await triples(t, { config: '[build]\ntarget = ["one", "two"]\n' }), ['one', 'two']);
});

test('--target, then --config, then the environment, then files', async (t) => {
  const env = { CARGO_BUILD_TARGET: 'from-environment' };
  assert.deepEqual(await triples(t, { config: FILE, env }), ['from-environment']);
  const typed = ['--config', 'build.target="from-config"'];
  assert.deepEqual(await triples(t, { config: FILE, env, args: typed }), ['from-config']);
  const both = [...typed, '--target', 'one', '--target=two'];
  assert.deepEqual(await triples(t, { config: FILE, env, args: both }), ['one', 'two']);
});

test('--config that says nothing of targets leaves the environment before files', async (t) => {
  const env = { CARGO_BUILD_TARGET: 'from-environment' };
  const args = ['--config', 'profile.dev.debug=1'];
  assert.deepEqual(await triples(t, { config: FILE, env, args }), ['from-environment']);
});

test('host-tuple is the host, wherever it is written', async (t) => {
  const host = await hostTriple({ cwd: '/', env: process.env });
  assert.deepEqual(await triples(t, { config: '[build]\ntarget = "host-tuple"\n' }), [host]);
  assert.deepEqual(await triples(t, { args: ['--target', 'host-tuple', '--target', 'x'] }), [host, 'x']);
});

const RUSTC = '#!/bin/sh\necho "host: of-$(basename "$0")"\n';

test('the host of the rustc that is configured, relative to the folder of the configuration', async (t) => {
  const config = '[build]\nrustc = "./tools/one"\n';
  const files = { 'tools/one': RUSTC, 'tools/two': RUSTC };
  assert.deepEqual(await triples(t, { config, files, project: 'deep' }), ['of-one']);
});

test('RUSTC goes before a configured rustc', async (t) => {
  const config = '[build]\nrustc = "./absent"\n';
  const env = { RUSTC: './two' };
  assert.deepEqual(await triples(t, { config, env, files: { two: RUSTC } }), ['of-two']);
});
