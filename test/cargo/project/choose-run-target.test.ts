import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRunTarget } from '../../../src/cargo/project/choose-run-target.js';
import type { MetadataPackage, WorkspaceMetadata } from '../../../src/cargo/project/metadata.js';

function member(name: string, targets: string, defaultRun?: string): MetadataPackage {
  return {
    id: `path+file:///w/${name}#0.1.0`,
    name,
    version: '0.1.0',
    directory: `/w/${name}`,
    isWorkspaceMember: true,
    crateNames: [],
    dependencies: [],
    defaultRun,
    manifestPath: `/w/${name}/Cargo.toml`,
    metadata: null,
    targets: targets.split(' ').map((target) => {
      const [kind = '', targetName = ''] = target.split(':');
      return {
        name: targetName,
        kinds: [kind],
        crateTypes: [kind],
        requiredFeatures: [],
        isTested: false,
        hasDocTests: false,
      };
    }),
  };
}

function workspace(members: MetadataPackage[], defaultMembers = members): WorkspaceMetadata {
  const directories = {
    targetDirectory: '/w/target',
    workspaceRoot: '/w',
    workspaceManifestPath: '/w/Cargo.toml',
  };
  return { packages: members, members, defaultMembers, ...directories, metadata: null };
}

const SERVER = member('server', 'lib:server bin:server example:demo');
const TOOLS = member('tools', 'bin:server bin:client');
const PICKS = member('picks', 'bin:one bin:two', 'two');

test('the only binary of the packages that the directory selects', () => {
  const metadata = workspace([SERVER, TOOLS], [SERVER]);
  assert.deepEqual(chooseRunTarget(metadata, []), { kind: 'chosen', flags: ['--bin', 'server'] });
});

test('a default-run wins over other binaries, two of them do not', () => {
  assert.deepEqual(chooseRunTarget(workspace([SERVER, PICKS]), []), {
    kind: 'chosen',
    flags: ['--bin', 'two'],
  });
  const other = member('other', 'bin:x bin:y', 'x');
  assert.equal(chooseRunTarget(workspace([PICKS, other]), []).kind, 'refused');
});

test('a name in two packages is refused and offered with its package', () => {
  assert.deepEqual(chooseRunTarget(workspace([SERVER, TOOLS]), ['--bin', 'server']), {
    kind: 'refused',
    candidates: ['-p server --bin server', '-p tools --bin server', '--bin client'],
  });
  assert.equal(chooseRunTarget(workspace([SERVER, TOOLS]), ['-ptools', '--bin=server']).kind, 'chosen');
  assert.equal(
    chooseRunTarget(workspace([SERVER, TOOLS]), ['-p', 'tools@0.1.0', '--bin', 'server']).kind,
    'chosen',
  );
});

test('an example by name, and more than one target', () => {
  assert.deepEqual(chooseRunTarget(workspace([SERVER]), ['--example', 'demo']), {
    kind: 'chosen',
    flags: [],
  });
  assert.equal(
    chooseRunTarget(workspace([SERVER]), ['--example', 'demo', '--bin', 'server']).kind,
    'refused',
  );
});

test('what only cargo understands is left to cargo', () => {
  for (const args of [['-p', 'absent'], ['--bin', 'ser*'], ['--bin'], ['-p', 'server', '-p', 'tools']]) {
    assert.deepEqual(chooseRunTarget(workspace([SERVER, TOOLS]), args), { kind: 'cargo-decides' });
  }
});
