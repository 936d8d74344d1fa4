// The licence texts of what is inside the package: THIRD-PARTY.txt beside the native parts and beside the bundle.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { root } from './steps.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

const NATIVE_HEAD = `Parts by others inside bee-gate, bee-sampler and libbee.so.

bee-gate and bee-sampler are static executables: the Rust standard library (MIT OR Apache-2.0, The Rust Project
Contributors), the Rust crates below, glibc (LGPL-2.1-or-later) and libgcc (GPL-3.0 with the GCC Runtime Library
Exception); bee-sampler also libbpf (BSD-2-Clause chosen), libelf of elfutils (LGPL-3.0-or-later or GPL-2.0-or-later)
and zlib, which the crate libbpf-sys brings as sources. libbee.so holds the Rust standard library and crates, zstd and
liblzma (public domain). To link any of them with another version of a library: the sources of cargo-profile-bee and
of the crates are public, and \`npm run build\` in a checkout does it.
`;
const BUNDLE_HEAD = 'npm packages by others inside cli.cjs.\n';

/** glibc and libgcc are the building machine's, so their terms are those that it has. */
const SYSTEM_PARTS = [
  ['glibc', 'LGPL-2.1-or-later', '/usr/share/doc/libc6-dev/copyright'],
  ['libgcc', 'GPL-3.0-or-later WITH GCC-exception-3.1', '/usr/share/doc/gcc-12-base/copyright'],
];

export function writeNativeLicences(path, target) {
  const crates = linkedCrates(target).map(({ name, version, license, manifest_path }) =>
    part(`${name} ${version}`, license, licenceFiles(dirname(manifest_path))),
  );
  const system = SYSTEM_PARTS.map(([name, licence, file]) =>
    part(name, licence, existsSync(file) ? [file] : []),
  );
  writeFileSync(path, thirdPartyText(NATIVE_HEAD, [...crates, ...system]));
}

/** `inputs`: paths of the bundle's modules, relative to the checkout, as esbuild's metafile has them. */
export function writeBundleLicences(path, inputs) {
  const packages = new Set(inputs.map(packageFolder).filter(Boolean));
  const parts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return part(`${name} ${version}`, license, filesOf(join(root, folder)));
  });
  writeFileSync(path, thirdPartyText(BUNDLE_HEAD, parts));
}

function part(name, licence, files) {
  return { name, licence, texts: files.map((file) => readFileSync(file, 'utf8').trim()) };
}

/** A table of the parts, then each text once, with the parts that it belongs to. */
function thirdPartyText(head, parts) {
  const namesByText = new Map();
  for (const { name, texts } of parts)
    for (const text of new Set(texts)) namesByText.set(text, [...(namesByText.get(text) ?? []), name]);
  const rule = '='.repeat(80);
  const table = parts.map(({ name, licence }) => `${name}: ${licence}`).join('\n');
  const texts = [...namesByText].map(([text, names]) => `${rule}\n${names.join(', ')}\n${rule}\n\n${text}\n`);
  return [head, `${table}\n`, ...texts].join('\n');
}

/** What the workspace's crates link for the target; what only builds or tests them is not in the package. */
function linkedCrates(target) {
  const { packages, resolve, workspace_members } = cargoMetadata(target);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const linked = new Set();
  const visit = (id) => {
    if (linked.has(id)) return;
    linked.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps)
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  workspace_members.forEach(visit);
  return packages.filter(({ id, source }) => linked.has(id) && source !== null);
}

function cargoMetadata(target) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target];
  const manifest = ['--manifest-path', join(root, 'native', 'Cargo.toml')];
  const options = { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'] };
  return JSON.parse(execFileSync(process.env.CARGO ?? 'cargo', [...args, ...manifest], options));
}

/** Of a crate, and of the C library that it may bring in a folder. */
function licenceFiles(directory) {
  const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [directory, ...folders.map(({ name }) => join(directory, name))].flatMap(filesOf);
}

function filesOf(directory) {
  const entries = readdirSync(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name));
  return names.map(({ name }) => join(directory, name)).sort();
}

/** `node_modules/@scope/name` of a module; the innermost, where packages are nested. */
function packageFolder(input) {
  const parts = input.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  return parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join(sep);
}
