// `npm test`: sets up, builds, and runs every group of tests; `--full` runs the groups that take longer instead;
// `node bin/dev/test.mjs GROUP…` only the named ones. Prints the time of each group, and at the end what failed once more:
// in half an hour's output it would have to be looked for.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build, LIBRARY_FLAGS, STATIC_FLAGS } from './build.mjs';
import { setUpTests } from './setup.mjs';
import { has, root, run, step } from './steps.mjs';

const NODE_GROUPS = [
  'architecture',
  'profile',
  'formats',
  'render',
  'ffi',
  'symbolize',
  'account',
  'capture',
  'cargo',
  'run',
  'cli',
  'kernel',
  'library',
  'privilege',
  'packaging',
  'docs',
];
const FULL_NODE_GROUPS = ['full'];
/** Minutes of one capture: run when they are named. */
const LONG_NODE_GROUPS = ['long'];
const CARGO = process.env.CARGO ?? 'cargo';
/** Workspaces with lock files of their own. */
const UNSHIPPED = ['native/addr2line', 'native/fuzz'];
const AS_USER =
  /^(?!cannot-start|check-unwinding|doctor|gdb-agreement|hostile-names|incomplete-causes|max-depth|memory-code|missing-cfi|node|outermost-frames|outputs|probed-frame|raw-samples|ripgrep|table-memory|thirty-two-bit|unusual-cfi)/;

/** What a person has set for our commands, for cargo or for tools beside them; the tests set what they need of it. */
const PERSONAL =
  /^(SUDO_|PROFILE_BEE_|DEBUGINFOD_|CARGO_(ALIAS|BUILD|INCREMENTAL|PROFILE|TARGET|TERM|UNSTABLE)|RUSTC|RUSTDOC|RUSTFLAGS$|RUST_|LC_|LANG|XDG_(CONFIG|DATA|RUNTIME)|NODE_OPTIONS$|NODE_DISABLE_COLORS$|CLICOLOR|FORCE_COLOR$|NO_COLOR$|CI$|DISPLAY$|WAYLAND_DISPLAY$|BROWSER$|PAGER$|MANPAGER$|MANWIDTH$|EDITOR$|VISUAL$|TZ$|COLUMNS$|LINES$|GIT_|MAKEFLAGS$|LD_|_$)/;

const groups = {
  check: () => {
    run('npx', ['--no-install', 'biome', 'check', '.'], { quiet: true });
    run('npx', ['--no-install', 'tsc', '--noEmit']);
    // Built by longer tests and benchmarks alone, so that a dependency more would be noticed late.
    for (const workspace of UNSHIPPED)
      run(CARGO, ['tree', '--locked', '--depth=0', '--manifest-path', `${workspace}/Cargo.toml`], {
        quiet: true,
      });
    if (!has('cargo-fmt')) return;
    for (const workspace of ['native', ...UNSHIPPED])
      run(CARGO, ['fmt', '--all', '--check', '--manifest-path', `${workspace}/Cargo.toml`]);
  },
  native: () => testNative(),
  'native-full': () => testNative('--', '--ignored'),
  // The kernel tests a second time: each run is an ordinary user's, through `setup`. Not the rooms that root makes, and
  // not what is asked of unwinding alone, which is the same whoever asks; ripgrep ends with 2 where it may not read.
  'kernel-as-user': () => runNodeTests('kernel', { BEE_TESTS_AS_USER: '1' }, AS_USER),
};
for (const name of [...NODE_GROUPS, ...FULL_NODE_GROUPS, ...LONG_NODE_GROUPS])
  groups[name] = () => runNodeTests(name);

process.umask(0o022);
await build();
await setUpTests();
await step('compile the tests', () => run('npx', ['--no-install', 'tsc']));

const args = process.argv.slice(2);
const standard = args.includes('--full')
  ? ['native-full', ...FULL_NODE_GROUPS, 'kernel-as-user']
  : ['check', 'native', ...NODE_GROUPS];
const wanted = args.filter((arg) => !arg.startsWith('--'));
const results = (wanted.length > 0 ? wanted : standard).map(runGroup);
report(results);

/** With the flags and folders of the build: libbpf alone takes half a minute to compile. */
function testNative(...more) {
  const args = ['test', '--release', '--locked', '-q', '--manifest-path', 'native/Cargo.toml'];
  const { target, env } = STATIC_FLAGS;
  run(CARGO, [...args, '--target', target, '-p', 'bee-elf', '-p', 'bee-gate', '-p', 'bee-sampler', ...more], {
    env,
  });
  run(CARGO, [...args, '-p', 'bee', ...more], LIBRARY_FLAGS);
}

function plainEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !PERSONAL.test(name));
  return { ...Object.fromEntries(kept), LANG: 'C.UTF-8' };
}

function runGroup(name) {
  const startMs = Date.now();
  process.stdout.write(`\n=== ${name}\n`);
  let failure = '';
  try {
    groups[name]();
  } catch (error) {
    failure = error.message;
  }
  return { name, failure, seconds: (Date.now() - startMs) / 1000 };
}

function report(results) {
  process.stdout.write('\n');
  for (const { name, failure } of results)
    if (failure !== '') process.stdout.write(`--- failed in ${name}:\n${failure}\n\n`);
  for (const { name, failure, seconds } of results) {
    process.stdout.write(`${failure ? 'FAILED' : 'passed'}  ${seconds.toFixed(1).padStart(7)} s  ${name}\n`);
  }
  const failed = results.filter(({ failure }) => failure).length;
  process.stdout.write(`groups: ${results.length - failed} passed, ${failed} failed\n`);
  process.exit(failed > 0 ? 1 : 0);
}

/** Files are listed here: node 20 takes a folder, node 22 and later only patterns. One at a time: they share CPUs. */
function runNodeTests(folder, env = {}, wanted = /(?:)/) {
  const directory = join(root, 'build', 'test', folder);
  const files = existsSync(directory) ? readdirSync(directory, { recursive: true }) : [];
  const tests = files.filter((file) => file.endsWith('.test.js') && wanted.test(basename(file))).sort();
  if (tests.length === 0) return;
  const scratch = mkdtempSync(join(tmpdir(), 'bee-tests-'));
  const failures = join(scratch, 'failures');
  const reporters = ['spec', join(root, 'bin/dev/failures.mjs')].map((name) => `--test-reporter=${name}`);
  const places = ['stdout', failures].map((place) => `--test-reporter-destination=${place}`);
  try {
    // Below nohup SIGHUP is ignored, and would stay so in all that the tests start.
    const { status } = spawnSync(
      'env',
      [
        '--default-signal',
        process.execPath,
        '--test',
        '--test-concurrency=1',
        ...reporters,
        ...places,
        ...tests.map((file) => join(directory, file)),
      ],
      { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...plainEnvironment(), ...env } },
    );
    if (status === 0) return;
    const told = existsSync(failures) ? readFileSync(failures, 'utf8') : '';
    throw new Error(`${told}run them alone: node bin/dev/test.mjs ${folder}`);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
