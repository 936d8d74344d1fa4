import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { readCargoProject } from '../../../src/cargo/project/cargo-project.js';
import { profilableTargets } from '../../../src/cargo/project/profilable-targets.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';

const WORKSPACE = {
  'Cargo.toml':
    '[workspace]\nmembers = ["app", "tools", "macros"]\ndefault-members = ["app"]\nresolver = "2"\n',
  'app/Cargo.toml': manifest(
    'app',
    'default-run = "serve"\n[features]\nextra = []\n[[bin]]\nname = "gated"\nrequired-features = ["extra"]',
  ),
  'app/src/lib.rs': '//! ```\n//! assert!(true);\n//! ```\n',
  'app/src/bin/serve.rs': 'fn main() {}',
  'app/src/bin/gated.rs': 'fn main() {}',
  'app/examples/demo.rs': 'fn main() {}',
  'app/tests/whole.rs': '#[test] fn passes() {}',
  'app/benches/speed.rs': 'fn main() {}',
  'tools/Cargo.toml': manifest('tools'),
  'tools/src/bin/serve.rs': 'fn main() {}',
  'macros/Cargo.toml': manifest('macros', '[lib]\nproc-macro = true'),
  'macros/src/lib.rs': '',
};

async function lines(cwd: string, cargoArgs: string[] = []): Promise<string[]> {
  const project = await readCargoProject({
    cargoArgs,
    programArgs: undefined,
    cwd,
    env: offlineEnvironment(),
  });
  return profilableTargets(project).map(({ kind, name, isDefault, cargoArgs }) =>
    [kind + (isDefault ? '*' : ''), name, '|', ...cargoArgs].join(' '),
  );
}

test('every target of the workspace with the arguments that choose it', async (t) => {
  assert.deepEqual(await lines(cargoProject(t, WORKSPACE)), [
    'bin gated | --bin gated --features extra',
    'bin* serve | --bin serve',
    'example demo | --example demo',
    'test app | test -p app --lib',
    'test gated | test -p app --bin gated --features extra',
    'test serve | test -p app --bin serve',
    'test whole | test -p app --test whole',
    'doctest app | test -p app --doc',
    'bench speed | bench -p app --bench speed',
    'test macros | test -p macros --lib',
    'doctest macros | test -p macros --doc',
    'bin serve | -p tools --bin serve',
    'test serve | test -p tools --bin serve',
  ]);
});

test('-p: those of one package', async (t) => {
  assert.deepEqual(await lines(cargoProject(t, WORKSPACE), ['-p', 'tools']), [
    'bin serve | -p tools --bin serve',
    'test serve | test -p tools --bin serve',
  ]);
});

test('each line is one that cargo takes', async (t) => {
  const cwd = cargoProject(t, WORKSPACE);
  for (const line of await lines(cwd)) {
    const [verb = '', ...args] = line.replace(/^.*\| /, '').split(' ');
    if (args.includes('--doc')) continue; // cargo refuses --no-run there
    const cargo = verb.startsWith('-') ? ['build', verb, ...args] : [verb, '--no-run', ...args];
    execFileSync('cargo', ['-q', ...cargo], { cwd, env: offlineEnvironment(), stdio: 'pipe' });
  }
});
