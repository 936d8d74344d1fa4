import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { isNamed } from '../results/frame-name.js';
import type { Summary } from '../results/summary.js';
import { readSvgFrames } from '../results/svg-frames.js';
import { programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { commandPath } from '../running/repository.js';
import { profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

const nightly = spawnSync('cargo', ['+nightly', '--version'], { encoding: 'utf8' });
const needsNightly = nightly.status === 0 ? needsRoot : { skip: 'no nightly toolchain is installed' };

/** A package of its own; `lib` and `main` are sources. */
function makePackage(name: string, main: string, lib = ''): string {
  const directory = join(scratchDirectory(), 'möre spaces');
  mkdirSync(join(directory, 'src'), { recursive: true });
  const manifest = `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n`;
  writeFileSync(join(directory, 'Cargo.toml'), manifest);
  writeFileSync(join(directory, 'src/main.rs'), main);
  writeFileSync(join(directory, 'src/lib.rs'), lib);
  return directory;
}

test('cargo +nightly profile-bee: nightly builds, and the program sees its cargo', needsNightly, () => {
  const cwd = makePackage(
    'nightly-only',
    '#![feature(never_type)]\nfn main() { println!("{}", std::env::var("CARGO").unwrap()) }',
  );
  const folder = scratchDirectory();
  symlinkSync(commandPath('cargo-profile-bee'), join(folder, 'cargo-profile-bee'));
  const summaryPath = join(folder, 'summary.json');
  const flags = ['--no-open', '--svg', join(folder, 'x.svg'), '--summary-json', summaryPath];
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, CARGO: undefined };
  const run = (toolchain: string[]) =>
    spawnSync('cargo', [...toolchain, 'profile-bee', ...flags], { cwd, env, encoding: 'utf8' });
  const { status, stdout, stderr } = run(['+nightly']);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\/nightly-.*\/bin\/cargo\n$/);
  const { targets } = JSON.parse(readFileSync(summaryPath, 'utf8')) as Summary;
  assert.deepEqual(
    targets.map(({ kind, package: owner }) => [kind, owner]),
    [['bin', 'nightly-only']],
  );
  assert.equal(run(['+stable']).status, 101, 'the feature is refused by another cargo');
});

for (const [how, args, env] of [
  ['RUSTFLAGS', [], { RUSTFLAGS: '--remap-path-prefix=PROJECT=/elsewhere' }],
  ['build.rustflags', ['--config', 'build.rustflags=["--remap-path-prefix=PROJECT=/elsewhere"]'], {}],
] as const) {
  test(
    `--remap-path-prefix by ${how}: frames are named, and known as the workspace's`,
    needsRoot,
    async () => {
      const cwd = scratchDirectory();
      for (const name of ['programs', 'programs-dependency'])
        cpSync(join(programsWorkspace(), '..', name), join(cwd, name), { recursive: true });
      const known = (text: string) => text.replaceAll('PROJECT', cwd);
      const run = await profileWith({
        command: 'cargo-profile-bee',
        args: ['--', '--bin', 'server', ...args.map(known), '--', '--seconds', '2'],
        cwd: join(cwd, 'programs'),
        env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, known(value)])),
      });
      assertChain(run.stacks, ['server::serve', 'server::parse', 'toolbox::tokenize'], 45);
      const frames = readSvgFrames(run.svg);
      for (const [name, origin, crate] of [
        ['server::parse', 'workspace', 'server'],
        ['toolbox::tokenize', 'workspace', 'toolbox'],
        ['digest_dependency::digest', 'dependency', 'digest-dependency'],
      ] as const) {
        const found = frames.filter((frame) => isNamed(frame.name, name));
        assert.ok(found.length > 0, `${name} is not in the picture`);
        assert.deepEqual([...new Set(found.map((frame) => frame.origin))], [origin], name);
        assert.deepEqual([...new Set(found.map((frame) => frame.crate))], [crate], name);
      }
      assert.doesNotMatch(run.svg, new RegExp(cwd), 'the picture shows the paths that were asked for');
    },
  );
}
