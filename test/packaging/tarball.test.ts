import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../kernel/running/repository.js';
import { packTarball, unpackTarball } from './tarball.js';

const NATIVE = 'prebuilds/linux-x64';
const EXECUTABLES = ['bee-gate', 'bee-sampler'];
const PARTS = [...EXECUTABLES, 'libbee.so'];
/** What Node 20 itself needs. */
const NEWEST_GLIBC = [2, 28] as const;

function nativePart(name: string): string {
  return join(unpackTarball(), NATIVE, name);
}

function readelf(flags: string, path: string): string {
  return execFileSync('readelf', ['--wide', flags, path], { encoding: 'utf8' });
}

test('the tarball holds the commands, the bundle, the native parts and the licences, the documentation, and no sources', () => {
  const paths = packTarball().files.map(({ path }) => path);
  const wanted = [
    'package.json',
    ...['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE-MIT', 'LICENSE-APACHE'],
    ...['docs/cargo.md', 'docs/privileges.md', 'fixtures/profiles/server.svg'],
    ...['bin/cargo-profile-bee.cjs', 'bin/profile-bee.cjs'],
    ...['dist/cli.cjs', 'dist/cli.cjs.LEGAL.txt', 'dist/THIRD-PARTY.txt'],
    ...[...PARTS, 'THIRD-PARTY.txt'].map((name) => `${NATIVE}/${name}`),
  ];
  assert.deepEqual(
    wanted.filter((path) => !paths.includes(path)),
    [],
    'missing',
  );
  const isForUsers = (path: string) => /^(dist|docs)\//.test(path) || wanted.includes(path);
  assert.deepEqual(
    paths.filter((path) => !isForUsers(path)),
    [],
    'not for users',
  );
});

test('koffi is all that it needs at run time; it installs everywhere, and installing runs nothing of ours', () => {
  const manifest = JSON.parse(readFileSync(join(unpackTarball(), 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(manifest.dependencies), ['koffi']);
  for (const field of ['os', 'cpu', 'libc', 'optionalDependencies', 'peerDependencies'])
    assert.equal(manifest[field], undefined, field);
  const atInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];
  assert.deepEqual(
    atInstall.filter((name) => name in manifest.scripts),
    [],
  );
});

for (const name of EXECUTABLES) {
  test(`${name} is static, and may be executed`, () => {
    const path = nativePart(name);
    assert.doesNotMatch(readelf('--program-headers', path), /INTERP|Requesting program interpreter/);
    assert.doesNotMatch(readelf('--dynamic', path), /\(NEEDED\)/);
    const mode = packTarball().files.find((file) => file.path === `${NATIVE}/${name}`)?.mode ?? 0;
    assert.equal(mode & 0o111, 0o111, mode.toString(8));
  });
}

test(`libbee.so needs no symbol of a glibc above ${NEWEST_GLIBC.join('.')}`, () => {
  const symbols = readelf('--dyn-syms', nativePart('libbee.so'));
  const needed = [...symbols.matchAll(/\bUND (\S+)@GLIBC_(\d+)\.(\d+)/g)];
  assert.ok(needed.length > 50, `${needed.length} symbols of glibc`);
  const newer = needed.filter(([, , major, minor]) => isNewer(Number(major), Number(minor)));
  assert.deepEqual(
    newer.map(([symbol]) => symbol),
    [],
    'an older version of each goes into native/ffi/glibc-2.28.S',
  );
});

function isNewer(major: number, minor: number): boolean {
  return major > NEWEST_GLIBC[0] || (major === NEWEST_GLIBC[0] && minor > NEWEST_GLIBC[1]);
}

test('libbee.so needs no library but those of glibc and gcc, and exports only its own functions', () => {
  const path = nativePart('libbee.so');
  const needed = [...readelf('--dynamic', path).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
  const runtime = ['ld-linux-x86-64.so.2', 'libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libpthread.so.0'];
  assert.deepEqual(needed.sort(), runtime);
  const exported = [...readelf('--dyn-syms', path).matchAll(/ (?:GLOBAL|WEAK) +DEFAULT +\d+ (\S+)/g)];
  assert.ok(exported.length > 10);
  assert.deepEqual(
    exported.map(([, name]) => name!).filter((name) => !name.startsWith('bee_')),
    [],
  );
});

test('no native part tells where it was built', () => {
  for (const name of PARTS) {
    const bytes = readFileSync(nativePart(name)).toString('latin1');
    for (const folder of [`${homedir()}/.cargo`, repositoryRoot]) assert.ok(!bytes.includes(folder), name);
  }
});

test('the licence texts of what is linked and bundled', () => {
  const native = readFileSync(nativePart('THIRD-PARTY.txt'), 'utf8');
  const names = ['libbpf-sys', 'blazesym', 'zstd-sys', 'lzma-sys', 'cpp_demangle', 'libc', 'glibc', 'libgcc'];
  for (const name of names) assert.match(native, new RegExp(`^${name}\\b.*: .*\\S`, 'm'));
  assert.match(native, /GNU LESSER GENERAL PUBLIC LICENSE/);
  assert.match(native, /^libbpf-sys [\d.+v]+\n=+\n\n/m, 'texts stand under the names of their parts');
  const bundle = readFileSync(join(unpackTarball(), 'dist/THIRD-PARTY.txt'), 'utf8');
  for (const name of ['execa', 'yargs', 'open', 'ora'])
    assert.match(bundle, new RegExp(`^${name} \\d.*: (MIT|ISC)`, 'm'));
  assert.doesNotMatch(bundle + native, /: undefined$|: null$/m);
});
