import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertChain } from '../results/assert-chain.js';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { assertSelfShares } from '../results/self-shares.js';
import { cfiPercent } from '../results/summary.js';
import { undisturbed } from '../results/undisturbed.js';
import { programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { commandPath } from '../running/repository.js';
import { asWhoRuns } from '../running/run-as-user.js';
import { type BeeRequest, beeEnvironment, profileWith, runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

function wrapper(args: string[], more: Partial<BeeRequest> = {}): BeeRequest {
  return { command: 'cargo-profile-bee', args, cwd: programsWorkspace(), ...more };
}

const serverShares = { 'toolbox::tokenize': 50, 'digest_dependency::digest': 30, 'server::render': 20 };

test('-- --release --bin server: builds, runs, names and draws', needsRoot, async () => {
  const run = await profileWith(wrapper(['--', '--release', '--bin', 'server', '--', '--seconds', '6']));
  assert.match(run.stdout, /^answered \d+ requests\n$/, 'stdout is the program’s alone');
  assert.match(run.stderr, /Compiling|Finished/, 'cargo’s own output');
  assert.match(run.stderr, /complete/, 'the quality line');
  assert.equal(run.summary.event.frequencyHz, 997);
  assert.ok(run.summary.samples.delivered >= 5_000);
  assertUnwoundWell(run.summary);
  const chain = [
    'server::serve',
    'server::handle_request',
    'server::parse',
    'toolbox::tokenize',
    'work::units_[i]',
  ];
  assertChain(run.stacks, chain, 45);
  assertSelfShares(run.stacks, serverShares, 3);
  const [target] = run.summary.targets;
  assert.equal(target?.kind, 'bin');
  assert.equal(target?.package, 'server');
  assert.deepEqual(target?.argv.slice(1), ['--seconds', '6']);
});

const forms: { form: string; args: string[] }[] = [
  { form: '-- run --bin', args: ['--', 'run', '--bin', 'exits', '--', 'code', '3'] },
  { form: '-- -p', args: ['--', '-p', 'exits', '--', 'code', '3'] },
  { form: 'no first --', args: ['--bin', 'exits', '--', 'code', '3'] },
  { form: 'verb before the first --', args: ['run', '--bin', 'exits', '--', 'code', '3'] },
  { form: '-r', args: ['--', '-r', '--bin', 'exits', '--', 'code', '3'] },
  { form: 'as cargo calls its subcommands', args: ['profile-bee', '--bin', 'exits', '--', 'code', '3'] },
];
for (const { form, args } of forms) {
  test(`grammar: ${form}`, needsRoot, async () => {
    const outputFlagsFirst = args[0] !== 'profile-bee';
    if (outputFlagsFirst) return void (await profileWith(wrapper(args), 3));
    const run = await runBee(wrapper(args, { outputs: 'none' }));
    assert.equal(run.code, 3, run.stderr);
  });
}

test('cargo profile-bee finds the command on PATH', needsRoot, async () => {
  const folder = scratchDirectory();
  symlinkSync(commandPath('cargo-profile-bee'), join(folder, 'cargo-profile-bee'));
  const args = [
    'profile-bee',
    '--no-open',
    '--svg',
    join(folder, 'x.svg'),
    '--bin',
    'exits',
    '--',
    'code',
    '0',
  ];
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  execFileSync('cargo', args, { cwd: programsWorkspace(), env, stdio: 'pipe' });
  assert.ok(existsSync(join(folder, 'x.svg')));
});

test('arguments, directory, environment, stdin and stdout are what cargo run gives', needsRoot, async () => {
  const programArguments = ['two words', '--svg', '', "it's", '--', '$HOME'];
  const cwd = join(programsWorkspace(), 'server');
  const more = { cwd, input: 'a line\nand another\n', env: { ECHO_VARIABLE: 'kept as it is' } };
  const ours = await profileWith(wrapper(['--', '-p', 'echo', '--', ...programArguments], more));
  const args = ['run', '-q', '--release', '-p', 'echo', '--', ...programArguments];
  const plain = execFileSync(...asWhoRuns('cargo', args), {
    cwd,
    input: more.input,
    env: beeEnvironment(ours.scratch, more.env),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // The derived profile has its own folder under target; the library path names it.
  const withoutProfile = ours.stdout.replaceAll('/target/profile-bee', '/target/release');
  assert.equal(withoutProfile, plain.toString());
  assert.match(ours.stderr, /a line for stderr/);
});

test('Cargo.toml, Cargo.lock and target/release stay as they were', needsRoot, async () => {
  const workspace = programsWorkspace();
  execFileSync('cargo', ['build', '-q', '--release'], { cwd: workspace });
  const read = () => ['Cargo.toml', 'Cargo.lock'].map((name) => readFileSync(join(workspace, name), 'utf8'));
  const filesBefore = read();
  await sleep(1_100); // -newer compares times; the build above must not count
  const stamp = join(scratchDirectory(), 'stamp');
  writeFileSync(stamp, '');
  await profileWith(wrapper(['--', '--release', '--bin', 'threads', '--', '--rounds', '20']));
  const newer = execFileSync('find', ['target/release', '-newer', stamp], {
    cwd: workspace,
    encoding: 'utf8',
  });
  assert.equal(newer, '');
  assert.deepEqual(read(), filesBefore);
});

test(
  'without an output flag: target/profiles/<target>-<time>.svg, a new name each time',
  needsRoot,
  async () => {
    const args = ['--no-open', '--', '--bin', 'exits', '--', 'now'];
    const folder = join(programsWorkspace(), 'target/profiles');
    const pictures = () =>
      existsSync(folder) ? readdirSync(folder).filter((name) => /^exits-.*\.svg$/.test(name)) : [];
    const already = pictures().length;
    for (const _ of [1, 2]) assert.equal((await runBee(wrapper(args, { outputs: 'none' }))).code, 0);
    assert.equal(pictures().length, already + 2, String(readdirSync(folder)));
  },
);

test('-- test: every harness of the package, the exit code of cargo test', needsRoot, async () => {
  const args = ['--frequency', '997', '--', 'test', '-p', 'harnesses'];
  // Three short processes: on a busy machine more of their first frames come from snapshots (98.81 % by CFI once).
  const run = await undisturbed(
    () => profileWith(wrapper(args)),
    ({ summary }) => cfiPercent(summary) < 99,
  );
  assert.match(run.stdout, /test first_burns \.\.\. ok/);
  for (const name of ['first_burn', 'second_burn', 'unit_burns'])
    assertChain(run.stacks, [name, 'harnesses::checksum'], 20);
  assertUnwoundWell(run.summary);
  const harnesses = run.summary.targets.filter(({ kind }) => kind === 'test');
  assert.equal(harnesses.length, 3, JSON.stringify(run.summary.targets));
});

test('-- test NAME -- --ignored: a failing test exits 101 with outputs', needsRoot, async () => {
  const args = ['--', 'test', '-p', 'harnesses', '--lib', 'unit_fails', '--', '--ignored'];
  const run = await profileWith(wrapper(args), 101);
  assert.match(run.stdout, /unit_fails \.\.\. FAILED/);
  assertChain(run.stacks, ['unit_fails', 'harnesses::checksum'], 50);
});

test('-- bench: a bench without libtest gets --bench and measures', needsRoot, async () => {
  const args = ['--frequency', '997', '--', 'bench', '-p', 'benching', '--bench', 'throughput'];
  const run = await profileWith(wrapper(args));
  assert.match(run.stdout, /measured 1000 rounds/);
  assertChain(run.stacks, ['throughput::main', 'benching::measured'], 80);
  assert.equal(run.summary.targets[0]?.kind, 'bench');
});

before(() => {
  programsWorkspace();
});
