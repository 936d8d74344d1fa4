// `npm run build`: native parts into prebuilds/, the two commands into dist/cli.cjs, their manual pages into dist/man.
// `--bundle`: without the native parts.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeRecordNames } from './record-names.mjs';
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
  await step('native: bee-gate, bee-sampler, libbee', buildNative);
  await buildCommands();
}

async function buildCommands() {
  writeRecordNames();
  await step('bundle: dist/cli.cjs', bundle);
  await step('manual pages: dist/man', writeManuals);
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

/** One CommonJS file: measured, that starts 40 to 150 ms earlier than modules from node_modules. */
async function bundle() {
  const { build: esbuild } = await import('esbuild');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { metafile } = await esbuild({
    metafile: true,
    absWorkingDir: root,
    entryPoints: ['src/surfaces/cli/main.ts'],
    outfile: 'dist/cli.cjs',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    external: ['koffi'],
    alias: { 'string-width': './src/surfaces/cli/terminal/string-width.ts' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'bundleUrl', BEE_VERSION: JSON.stringify(version) },
    legalComments: 'linked',
    logLevel: 'warning',
  });
  writeBundleLicences(join(root, 'dist', 'THIRD-PARTY.txt'), Object.keys(metafile.inputs));
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
