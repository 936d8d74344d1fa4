import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CargoVerb } from '../../../src/cargo/command/cargo-verb.js';
import { readMetadata } from '../../../src/cargo/project/metadata.js';
import { profiledPackage } from '../../../src/cargo/project/profiled-package.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';

const FILES = {
  'Cargo.toml': '[workspace]\nmembers = ["server", "tools", "lib"]\nresolver = "2"\n',
  'server/Cargo.toml': manifest('server'),
  'server/src/main.rs': 'fn main() {}',
  'server/examples/demo.rs': 'fn main() {}',
  'tools/Cargo.toml': manifest('tools', 'default-run = "two"'),
  'tools/src/bin/one.rs': 'fn main() {}',
  'tools/src/bin/two.rs': 'fn main() {}',
  'tools/examples/demo.rs': 'fn main() {}',
  'lib/Cargo.toml': manifest('lib'),
  'lib/src/lib.rs': '',
};

/** Directory | verb | arguments | the package, or none */
const CASES = `
.      | run   |                                         | tools
.      | run   | --bin server                            | server
.      | run   | --bin one                               | tools
.      | run   | -p server                               | server
.      | run   | -p tools --example demo                 | tools
.      | run   | --example demo                          | none
.      | run   | --bin nothing                           | none
.      | run   | --bin s*                                | none
server | run   |                                         | server
lib    | run   |                                         | none
.      | test  |                                         | none
.      | test  | -p lib                                  | lib
.      | test  | --package=lib@0.1.0                     | lib
.      | test  | -p lib -p tools                         | none
.      | test  | --workspace                             | none
.      | test  | --workspace --exclude tools --exclude=lib | server
lib    | test  |                                         | lib
lib    | test  | --all                                   | none
tools  | bench | --bench x                               | tools
`;

test('the package that is profiled', async (t) => {
  const root = cargoProject(t, FILES);
  for (const line of CASES.split('\n').filter((text) => text !== '')) {
    const [directory = '', verb = '', args = '', expected = ''] = line.split('|').map((cell) => cell.trim());
    await t.test(`${directory}: cargo ${verb} ${args}`, async () => {
      const words = args.split(' ').filter((word) => word !== '');
      const metadata = await readMetadata([], { cwd: `${root}/${directory}`, env: offlineEnvironment() }, []);
      const found = profiledPackage(metadata, verb as CargoVerb, words);
      assert.equal(found?.name ?? 'none', expected);
    });
  }
});
