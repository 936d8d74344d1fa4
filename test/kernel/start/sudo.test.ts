import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertAccounts } from '../results/assert-summary.js';
import { parseFolded } from '../results/folded-stacks.js';
import type { Summary } from '../results/summary.js';
import { builtProgram } from '../running/fixture-programs.js';
import { setKernelSetting } from '../running/kernel-setting.js';
import { needsRoot } from '../running/needs-root.js';
import { type BeeCommand, commandPath, copyForEverybody, repositoryRoot } from '../running/repository.js';
import { shellQuoted } from '../running/run-in-terminal.js';
import { untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { makeSudoer, type Sudoer } from './sudoer.js';

const packageRoot = needsRoot.skip === false ? copyForEverybody(scratchDirectory()) : '';
if (needsRoot.skip === false) setKernelSetting('kptr_restrict', 1); // with 2 the kernel's frames have no names

/** A user with a project in the home, and how that user calls us. */
interface Workplace {
  user: Sudoer;
  project: string;
  /** Made by nobody but the run. */
  tmp: string;
}

function makeWorkplace(usePty: boolean): Workplace {
  const user = makeSudoer({ usePty });
  for (const name of ['programs', 'programs-dependency'])
    cpSync(join(repositoryRoot, 'fixtures', name), join(user.home, name), {
      recursive: true,
      filter: (path) => basename(path) !== 'target',
    });
  const tmp = join(user.home, 'tmp');
  mkdirSync(tmp);
  execFileSync('chown', ['-R', `${user.name}:${user.name}`, user.home]);
  return { user, project: join(user.home, 'programs'), tmp };
}

const OUTPUTS = [
  '--no-open',
  '--svg',
  'out.svg',
  '--collapse',
  'out.folded',
  '--summary-json',
  'summary.json',
];

/** `sudo` as typed by the user, and everything of ours after it. */
function sudoLine({ user, tmp }: Workplace, command: BeeCommand, args: readonly string[]): string[] {
  const bee = [process.execPath, commandPath(command, packageRoot), ...OUTPUTS, ...args];
  return user.login(['sudo', `TMPDIR=${tmp}`, ...bee]);
}

function run([file, ...args]: string[], { project: cwd }: Workplace) {
  const { status, stdout, stderr } = spawnSync(file!, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return { stdout, stderr };
}

function assertBelongsToUser({ user, project, tmp }: Workplace): Summary {
  assert.equal(execFileSync('find', [user.home, '-user', 'root'], { encoding: 'utf8' }), '');
  assert.equal(execFileSync('ls', ['-A', tmp], { encoding: 'utf8' }), '');
  assert.match(readFileSync(join(project, 'out.svg'), 'utf8'), /<\/svg>\s*$/);
  const summary = JSON.parse(readFileSync(join(project, 'summary.json'), 'utf8')) as Summary;
  assertAccounts(summary, parseFolded(readFileSync(join(project, 'out.folded'), 'utf8')));
  assert.equal(summary.elevation, 'sudo');
  assert.deepEqual([...new Set(summary.targets.map(({ uid }) => uid))], [user.uid]);
  return summary;
}

for (const usePty of [true, false]) {
  const where = usePty ? 'use_pty' : '!use_pty';
  let made: Workplace | undefined;
  const workplace = (): Workplace => {
    made ??= makeWorkplace(usePty);
    return made;
  };

  test(`sudo cargo-profile-bee (${where}): cargo, program and files are the caller's`, needsRoot, () => {
    const place = workplace();
    const args = ['--frequency', '997', '--', '--release', '--bin', 'origins', '--', '--seconds', '2'];
    run(sudoLine(place, 'cargo-profile-bee', args), place);
    const { samples, frames } = assertBelongsToUser(place);
    assert.ok(samples.delivered > 500, `${samples.delivered} samples`);
    assert.ok(frames.kernel > 0 && frames.kernelSymbolized > 0.9 * frames.kernel, JSON.stringify(frames));
    assert.ok(
      existsSync(join(place.project, 'target/profile-bee/origins')),
      'the build is where cargo puts it',
    );
  });

  test(
    `sudo (${where}): the program has the caller's ids, groups and variables, and no way back`,
    needsRoot,
    () => {
      const place = workplace();
      const { user } = place;
      const portrait =
        'id -u; id -G; grep -E "^(Uid|Cap(Prm|Eff|Amb)|NoNewPrivs)" /proc/self/status; env | sort';
      const shell = ['/bin/sh', '-c', portrait];
      const ours = run(sudoLine(place, 'profile-bee', ['--', ...shell]), place).stdout;
      const [file, ...args] = user.login([...['env', `TMPDIR=${place.tmp}`], ...shell]);
      const plain = execFileSync(file!, args, { cwd: place.project, encoding: 'utf8' });
      // sudo has thrown away what it does not know, and chooses PATH itself.
      const comparable = (text: string) =>
        text.split('\n').filter((line) => !/^(PATH|TERM|LANG|_|SHLVL)=/.test(line));
      assert.deepEqual(comparable(ours), comparable(plain));
      assert.match(ours, new RegExp(`^PATH=${user.home}/.cargo/bin:`, 'm'));
      assertBelongsToUser(place);
    },
  );

  test(`Ctrl-C under sudo (${where}) reaches the program once`, needsRoot, async () => {
    const place = workplace();
    const came = join(place.project, 'came');
    const program = join(place.project, 'told-signals');
    cpSync(builtProgram('signals'), program);
    execFileSync('chown', [place.user.name, program]);
    const line = sudoLine(place, 'profile-bee', ['--frequency', '997', '--', program, came]);
    const terminal = spawn('script', ['-qec', `exec ${line.map(shellQuoted).join(' ')}`, '/dev/null'], {
      cwd: place.project,
      env: { ...process.env, SHELL: '/bin/sh' },
    });
    let said = '';
    terminal.stdout.on('data', (chunk: Buffer) => (said += chunk));
    const ended = new Promise<number | null>((resolve) => terminal.once('close', resolve));
    await untilTrue('the program works', () => existsSync(came));
    await sleep(1_000);
    terminal.stdin.write('\x03');
    assert.equal(await ended, 0, said);
    assert.equal(readFileSync(came, 'utf8'), 'came: SIGINT\n');
    assertBelongsToUser(place);
  });
}

test('sudo cargo profile-bee, found on the PATH that sudo was given', needsRoot, () => {
  const place = makeWorkplace(true);
  const bin = join(place.user.home, '.cargo/bin');
  symlinkSync(commandPath('cargo-profile-bee', packageRoot), join(bin, 'cargo-profile-bee'));
  execFileSync('chown', ['-h', place.user.name, join(bin, 'cargo-profile-bee')]);
  const words = ['cargo', 'profile-bee', ...OUTPUTS, '--bin', 'exits', '--', 'code', '0'];
  const path = `PATH=${bin}:/usr/bin:/bin`;
  run(place.user.login(['sudo', `TMPDIR=${place.tmp}`, 'env', path, ...words]), place);
  assertBelongsToUser(place);
});
