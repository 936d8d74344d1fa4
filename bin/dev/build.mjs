// `npm run build`: native parts into prebuilds/, the two commands into dist/cli.cjs, the library into dist/index.js, its
// types into dist/types, manual pages into dist/man.
// `--bundle`: without the native parts.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protocolFiles } from './protocol.mjs';
import { recordFiles } from './record.mjs';
import { setUpBuild } from './setup.mjs';
import { root, run, step } from './steps.mjs';
import { writeBundleLicences, writeNativeLicences } from './third-party.mjs';

/** Where a file was on the building machine is no part of what is shipped: the same sources give the same bytes. */
const ANY_FOLDER = [
  `--remap-path-prefix=${process.env.CARGO_HOME ?? join(homedir(), '.cargo')}=/cargo`,
  `--remap-path-prefix=${root}=/cargo-profile-bee`,
];
/** How the executables are built. The library cannot be static, so the two kinds have their own folders. */
export const STATIC_FLAGS = {
  target: 'x86_64-unknown-linux-gnu',
  env: rustFlags('-Ctarget-feature=+crt-static', ...ANY_FOLDER),
};
export const LIBRARY_FLAGS = { env: rustFlags(...ANY_FOLDER) };
const PREBUILDS = join(root, 'prebuilds', 'linux-x64');

/** Encoded, as a folder may have a space in its name. */
function rustFlags(...flags) {
  return { CARGO_ENCODED_RUSTFLAGS: flags.join('\u001f') };
}

export async function build() {
  await setUpBuild();
  writeGenerated();
  await step('native: bee-gate, bee-sampler, libbee', buildNative);
  await buildCommands();
}

async function buildCommands() {
  writeGenerated();
  await step('bundles: dist/cli.cjs, dist/index.js', bundle);
  await step('types of the library: dist/types', writeTypes);
  await step('manual pages: dist/man', writeManuals);
}

/** What is the same already keeps its time, or everything that it is a part of would be built again. */
function writeGenerated() {
  for (const [path, text] of Object.entries({ ...protocolFiles(), ...recordFiles() })) {
    const file = join(root, path);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
}

function buildNative() {
  const cargo = process.env.CARGO ?? 'cargo';
  const args = ['build', '--release', '--locked', '--manifest-path', 'native/Cargo.toml'];
  const { target: triple, env } = STATIC_FLAGS;
  run(cargo, [...args, '--target', triple, '-p', 'bee-gate', '-p', 'bee-sampler'], { env });
  run(cargo, [...args, '-p', 'bee'], LIBRARY_FLAGS);
  mkdirSync(PREBUILDS, { recursive: true });
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'native', 'target');
  install(join(target, triple, 'release', 'bee-gate'));
  install(join(target, triple, 'release', 'bee-sampler'));
  install(join(target, 'release', 'libbee.so'));
  writeNativeLicences(join(PREBUILDS, 'THIRD-PARTY.txt'), triple);
}

/** By rename: a copy of the old one may be running. */
function install(from) {
  const to = join(PREBUILDS, from.slice(from.lastIndexOf('/') + 1));
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

async function bundle() {
  const inputs = [...(await bundleCommands()), ...(await bundleLibrary())];
  writeBundleLicences(join(root, 'dist', 'THIRD-PARTY.txt'), [...new Set(inputs)]);
}

/** One CommonJS file: measured, that starts 40 to 150 ms earlier than modules from node_modules. */
async function bundleCommands() {
  return await bundleInto('dist/cli.cjs', {
    entryPoints: ['src/surfaces/cli/main.ts'],
    format: 'cjs',
    alias: { 'string-width': './src/surfaces/cli/terminal/string-width.ts' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'bundleUrl', ...versionDefined() },
  });
}

/** What programs import; `require` takes it too, in every Node that the package allows. */
async function bundleLibrary() {
  return await bundleInto('dist/index.js', {
    entryPoints: ['src/index.ts'],
    format: 'esm',
    define: versionDefined(),
  });
}

function versionDefined() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { BEE_VERSION: JSON.stringify(version) };
}

/** Returns what is inside. */
async function bundleInto(outfile, options) {
  const { build: esbuild } = await import('esbuild');
  const { metafile } = await esbuild({
    ...options,
    metafile: true,
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    external: ['koffi'],
    legalComments: 'linked',
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs);
}

/** Declarations of what the library exports, and of what those name. */
function writeTypes() {
  const all = join(root, 'build', 'types');
  run(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.types.json',
  ]);
  rmSync(join(root, 'dist', 'types'), { recursive: true, force: true });
  for (const file of reachableFrom(join(all, 'index.d.ts'))) {
    const to = join(root, 'dist', 'types', relative(all, file));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(file, to);
  }
}

/** The declaration files that one names, itself included. */
function reachableFrom(first) {
  const found = new Set([first]);
  for (const file of found) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']*)\.js'/g))
      found.add(`${join(dirname(file), name)}.d.ts`);
  }
  return found;
}

/** By the commands themselves, so that a page names the flags of this very build. */
function writeManuals() {
  const folder = join(root, 'dist', 'man');
  mkdirSync(folder, { recursive: true });
  for (const command of ['cargo-profile-bee', 'profile-bee']) {
    const page = execFileSync(process.execPath, [join(root, 'bin', `${command}.cjs`), 'man']);
    writeFileSync(join(folder, `${command}.1`), page);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv.includes('--bundle')) await buildCommands();
  else await build();
}
