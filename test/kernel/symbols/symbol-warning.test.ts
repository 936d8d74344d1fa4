import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { builtProgram, strippedProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

const MAIN = `mod work {
    #[inline(always)]
    pub fn units(n: u64) -> u64 {
        (0..n).fold(1, |sum, unit| std::hint::black_box(sum * 3 + unit % 5) >> 2)
    }
}
#[inline(never)]
fn crunch(n: u64) -> u64 {
    work::units(n) ^ work::units(n / 2) ^ dependency::digest(n)
}
fn main() {
    println!("{}", (0..60_000).map(|n| crunch(1_000 + n % 3)).fold(0, u64::wrapping_add));
}
`;
const DEPENDENCY = `mod rounds {
    #[inline(always)]
    pub fn mix(n: u64) -> u64 {
        (0..n).fold(7, |sum, round| std::hint::black_box(sum ^ round).rotate_left(5))
    }
}
#[inline(never)]
pub fn digest(n: u64) -> u64 {
    rounds::mix(n) ^ rounds::mix(n / 2)
}
`;

/** The dependency is no member of the workspace, as one from a registry would be. */
function project(profile: string): string {
  const root = scratchDirectory();
  const manifest = (name: string, more: string): string =>
    `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n${more}\n`;
  const files = {
    'crunching/Cargo.toml': manifest(
      'crunching',
      `[dependencies]\ndependency = { path = "../dependency" }\n[workspace]\n${profile}`,
    ),
    'crunching/src/main.rs': MAIN,
    'dependency/Cargo.toml': manifest('dependency', ''),
    'dependency/src/lib.rs': DEPENDENCY,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return join(root, 'crunching');
}

/** What the picture shows of the program's own code, whatever any file or flag says of it. */
type Picture = 'addresses' | 'names' | 'names and inlined short ones' | 'names and inlined';

function pictureOf({ stacks }: ProfiledRun): Picture {
  const frames = new Set(stacks.flatMap((stack) => stack.frames));
  const has = (pattern: RegExp): boolean => [...frames].some((frame) => pattern.test(frame));
  if (has(/^crunching::work::units_\[i\]$/) && has(/^crunching::crunch$/)) return 'names and inlined';
  if (has(/^units_\[i\]$/) && has(/^crunching::crunch$/)) return 'names and inlined short ones';
  if (has(/^crunching::crunch$/) && !has(/units/)) return 'names';
  assert.ok(!has(/crunch$|units/) && has(/^\[crunching\+0x/), [...frames].join('\n'));
  return 'addresses';
}

/** The warning about symbols that was said, without what to type; undefined when there was none. */
function warningOf({ stderr }: ProfiledRun): string | undefined {
  const said = stderr
    .split('\n')
    .filter((line) => line.startsWith('warning: ') && line.includes('crunching'));
  assert.ok(said.length <= 1, said.join('\n'));
  return said[0]?.replace(/^warning: /, '').replace(/; .*$/, '');
}

interface Expectation {
  settings: Record<string, string | number>;
  picture: Picture;
  warning?: string;
}

const ADDRESSES =
  'the symbols of crunching (profile release) were stripped: its functions are shown as addresses';
const NAMES_ONLY = ': its functions are symbolized, but without source lines and inlined functions';
const NO_DEBUG = `crunching (profile release) was built with debug = 0${NAMES_ONLY}`;
const DEBUG_STRIPPED = `the debug information of crunching (profile release) was stripped${NAMES_ONLY}`;
const SHORT =
  'crunching (profile release) was built with debug = "line-tables-only": its inlined functions lack their paths (`parse` for `config::parse`)';
const LINES = 'line-tables-only';

const expectations: Expectation[] = [
  { settings: { strip: 'none', debug: 0 }, picture: 'names', warning: NO_DEBUG },
  { settings: { strip: 'none', debug: LINES }, picture: 'names and inlined short ones', warning: SHORT },
  { settings: { strip: 'none', debug: 1 }, picture: 'names and inlined' },
  { settings: { strip: 'none', debug: 2 }, picture: 'names and inlined' },
  { settings: { strip: 'debuginfo', debug: 0 }, picture: 'names', warning: NO_DEBUG },
  { settings: { strip: 'debuginfo', debug: LINES }, picture: 'names', warning: DEBUG_STRIPPED },
  { settings: { strip: 'debuginfo', debug: 1 }, picture: 'names', warning: DEBUG_STRIPPED },
  { settings: { strip: 'debuginfo', debug: 2 }, picture: 'names', warning: DEBUG_STRIPPED },
  { settings: { strip: 'symbols', debug: 0 }, picture: 'addresses', warning: ADDRESSES },
  { settings: { strip: 'symbols', debug: LINES }, picture: 'addresses', warning: ADDRESSES },
  { settings: { strip: 'symbols', debug: 1 }, picture: 'addresses', warning: ADDRESSES },
  { settings: { strip: 'symbols', debug: 2 }, picture: 'addresses', warning: ADDRESSES },

  { settings: { debug: 1, 'split-debuginfo': 'unpacked' }, picture: 'names and inlined' },
  { settings: { debug: 1, 'split-debuginfo': 'packed' }, picture: 'names and inlined' },
  {
    settings: { debug: LINES, 'split-debuginfo': 'packed' },
    picture: 'names and inlined short ones',
    warning: SHORT,
  },
  { settings: { strip: 'none', debug: 0, lto: 'fat' }, picture: 'names', warning: NO_DEBUG },
  { settings: { strip: 'none', debug: 0, lto: 'thin' }, picture: 'names', warning: NO_DEBUG },
  { settings: { debug: LINES, lto: 'thin' }, picture: 'names and inlined short ones', warning: SHORT },
  { settings: { debug: 1, lto: 'fat', 'codegen-units': 1 }, picture: 'names and inlined' },
  { settings: { debug: 1, lto: 'thin', panic: 'abort' }, picture: 'names and inlined' },
];

const plainProject = project('');
for (const { settings, picture, warning } of expectations) {
  const flags = Object.entries(settings).map(
    ([name, value]) => `--config=profile.release.${name}=${JSON.stringify(value)}`,
  );
  const title = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  test(`as it is, ${title.join(', ')}: ${picture}`, needsRoot, async () => {
    const args = ['--as-is', '--', '--release', ...flags];
    const run = await profileWith({ command: 'cargo-profile-bee', args, cwd: plainProject });
    assert.equal(pictureOf(run), picture);
    assert.equal(warningOf(run), warning);
  });
}

test('the advice makes the picture whole', needsRoot, async () => {
  const profile = '[profile.release]\nstrip = true\ndebug = 0\n';
  const cwd = project(profile);
  const poor = await profileWith({ command: 'cargo-profile-bee', args: ['--as-is', '--', '--release'], cwd });
  const advice = /leave out --as-is, or add (.*) to cargo's arguments/.exec(poor.stderr)?.[1] ?? '';
  const flags = advice.split(' ').map((word) => word.replaceAll("'", ''));
  assert.ok(flags.length >= 4, poor.stderr);
  for (const args of [[], ['--as-is', '--', '--release', ...flags]]) {
    const run = await profileWith({ command: 'cargo-profile-bee', args, cwd });
    assert.equal(pictureOf(run), 'names and inlined');
    assert.equal(warningOf(run), undefined);
  }
});

test('only the program itself is without debug information', needsRoot, async () => {
  const cwd = project('[profile.release]\ndebug = 1\n[profile.release.package.crunching]\ndebug = 0\n');
  const run = await profileWith({ command: 'cargo-profile-bee', args: ['--as-is', '--', '--release'], cwd });
  assert.equal(pictureOf(run), 'names');
  assert.ok(run.stacks.some(({ frames }) => frames.includes('dependency::rounds::mix_[i]')));
  const expected = `crunching (profile release) itself was built with debug = 0, unlike its dependencies${NAMES_ONLY}`;
  assert.equal(warningOf(run), expected);
});

test('what RUSTFLAGS takes away is not said to be the profile’s', needsRoot, async () => {
  const env = { RUSTFLAGS: '-C debuginfo=0' };
  const run = await profileWith({ command: 'cargo-profile-bee', args: [], cwd: plainProject, env });
  assert.equal(pictureOf(run), 'names');
  const expected = `crunching (profile profile-bee) was built without debug information, although its profile says debug = 1${NAMES_ONLY}`;
  assert.equal(warningOf(run), expected);
  assert.match(run.stderr, /look for -C strip, -C debuginfo or -s in RUSTFLAGS/);
});

const spoilers: Record<string, string> = {
  'the profile itself':
    '[profile.release]\ndebug = 0\nstrip = true\nsplit-debuginfo = "unpacked"\nlto = "fat"\npanic = "abort"\n',
  'the program’s package':
    '[profile.release.package.crunching]\ndebug = 0\nstrip = true\nsplit-debuginfo = "packed"\n',
  'all dependencies': '[profile.release.package."*"]\ndebug = 0\nsplit-debuginfo = "unpacked"\n',
  'one dependency': '[profile.release.package]\n"dependency@0.1.0" = { debug = "line-tables-only" }\n',
  'build scripts': '[profile.release.build-override]\ndebug = 0\nstrip = true\n',
  'an inherited profile':
    '[profile.base]\ninherits = "release"\n[profile.base.package.dependency]\ndebug = 0\n',
};
for (const [place, profile] of Object.entries(spoilers)) {
  test(`settings of the user for ${place} do not spoil the derived profile`, needsRoot, async () => {
    const args = place.startsWith('an inherited') ? ['--profile', 'base'] : [];
    const run = await profileWith({ command: 'cargo-profile-bee', args, cwd: project(profile) });
    assert.equal(pictureOf(run), 'names and inlined');
    assert.ok(run.stacks.some(({ frames }) => frames.includes('dependency::rounds::mix_[i]')));
    assert.equal(warningOf(run), undefined);
  });
}

test('a command is said to be stripped when it is, and only then', needsRoot, async () => {
  const problemsOf = async (path: string) => {
    const args = ['--frequency', '997', '--', path, '--rounds', '20'];
    const { summary, stderr } = await profileWith({ command: 'profile-bee', args });
    assert.ok(summary.problems.every(({ message }) => stderr.includes(message)));
    return summary.problems.map(({ code }) => code).filter((code) => code !== 'few-samples');
  };
  assert.deepEqual(await problemsOf(strippedProgram('threads')), ['unnamed-frames', 'no-symbols']);
  assert.deepEqual(await problemsOf(builtProgram('threads')), []);
});

test('who built a stripped program decides what is advised', needsRoot, async () => {
  const cargosOwn = join(dirname(builtProgram('spin')), 'stripped-spin');
  copyFileSync(strippedProgram('spin'), cargosOwn);
  const burn = ['--seconds', '0.3'];
  const file = join(scratchDirectory(), 'zeros');
  writeFileSync(file, '');
  truncateSync(file, 100 << 20);
  for (const { command, advice } of [
    { command: [cargosOwn, ...burn], advice: /stripped-spin were stripped: build with strip = "none"/ },
    {
      command: [strippedProgram('spin'), ...burn],
      advice: /spin were stripped: profile a build that was not/,
    },
    { command: ['/usr/bin/wc', '-w', file], advice: /wc were stripped: set DEBUGINFOD_URLS=https:/ },
  ]) {
    const args = ['--frequency', '499', '--', ...command];
    const { summary } = await profileWith({ command: 'profile-bee', args });
    const told = summary.problems.find(({ code }) => code === 'no-symbols')?.message ?? '';
    assert.match(told, advice);
    assert.equal(/strip = /.test(told), command[0] === cargosOwn, told);
  }
});
