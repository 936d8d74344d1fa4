// Installs what a build, and what the tests, need: Debian packages by apt where missing, npm packages.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { has, root, run, step } from './steps.mjs';

/** Command that shows a package is there -> package. libbpf and libelf are built from source, hence the autotools. */
const BUILD_PACKAGES = {
  [process.env.CLANG ?? 'clang-19']: 'clang-19',
  'llvm-strip-19': 'llvm-19',
  make: 'make',
  gcc: 'gcc',
  'g++': 'g++',
  'pkg-config': 'pkg-config',
  autoreconf: 'autoconf',
  automake: 'automake',
  autopoint: 'autopoint',
  flex: 'flex',
  bison: 'bison',
  gawk: 'gawk',
};

const TEST_PACKAGES = {
  perf: 'linux-perf',
  gdb: 'gdb',
  xz: 'xz-utils',
  strace: 'strace',
  valgrind: 'valgrind',
  readelf: 'binutils',
  script: 'bsdutils',
  setpriv: 'util-linux',
  setcap: 'libcap2-bin',
  useradd: 'passwd',
  chromium: 'chromium',
  git: 'git',
  ps: 'procps',
  bpftool: 'bpftool',
  zsh: 'zsh',
  fish: 'fish',
  man: 'man-db',
  groff: 'groff-base',
  mandoc: 'mandoc',
  sudo: 'sudo',
  nasm: 'nasm',
  yasm: 'yasm',
  dwz: 'dwz',
  dwp: 'binutils',
  'debuginfod-find': 'debuginfod',
};

export async function setUpBuild() {
  await installPackages(BUILD_PACKAGES);
  await step('npm packages', installNodeModules);
}

export async function setUpTests() {
  await installPackages(TEST_PACKAGES);
  // It has no command of its own.
  if (!existsSync('/usr/share/bash-completion/bash_completion'))
    await installPackages({ 'bash-completion': 'bash-completion' });
  // Without it the functions inside libc have no names, and how many frames are named depends on the machine.
  if (!existsSync('/usr/lib/debug/.build-id')) await installPackages({ 'libc6-dbg': 'libc6-dbg' });
}

async function installPackages(wanted) {
  const missing = Object.entries(wanted).filter(([command]) => !has(command));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  const sudo = process.getuid() === 0 ? [] : ['sudo'];
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', '-q', '-y', ...args];
    run(command, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' }, quiet: true });
  };
  await step(`apt: ${packages.join(' ')}`, () => {
    apt('update');
    apt('install', '--no-install-recommends', ...packages);
  });
}

function installNodeModules() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  // Not `npm ci`: it refuses where a registry lacks the linter's packages for platforms that nobody here needs.
  run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], { quiet: true });
}
