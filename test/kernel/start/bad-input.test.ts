import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Summary } from '../results/summary.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot, needsRunsOfRoot } from '../running/needs-root.js';
import { withOwnPids } from '../running/own-mounts.js';
import { type BeeCommand, copyForEverybody } from '../running/repository.js';
import { type BeeRun, runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

interface BadInput {
  what: string;
  command: BeeCommand;
  args: () => string[];
  cwd?: () => string;
  code: number;
  /** Absent: the command line was not understood, so no summary can be promised. */
  source?: Summary['exit']['source'];
  says: RegExp[];
}

const inPackage = (name: string) => () => join(programsWorkspace(), name);

const cases: BadInput[] = [
  {
    what: 'no Cargo.toml',
    command: 'cargo-profile-bee',
    args: () => ['--', '--release'],
    code: 101,
    source: 'cargo',
    says: [/could not find `Cargo\.toml`/],
  },
  {
    what: 'several binaries and no choice: they are listed, ready to paste',
    command: 'cargo-profile-bee',
    args: () => ['--', '--release'],
    cwd: inPackage('several-bins'),
    code: 101,
    source: 'cargo',
    says: [/cargo[ -]profile-bee .*--bin left/, /cargo[ -]profile-bee .*--bin right/],
  },
  {
    what: 'no such binary',
    command: 'cargo-profile-bee',
    args: () => ['--', '--release', '--bin', 'sevrer'],
    cwd: programsWorkspace,
    code: 101,
    source: 'cargo',
    says: [/no bin target named `sevrer`/],
  },
  {
    what: 'a library crate',
    command: 'cargo-profile-bee',
    args: () => ['--', '--release'],
    cwd: inPackage('library-only'),
    code: 101,
    source: 'cargo',
    says: [/a bin target must be available/],
  },
  {
    what: 'a pid that does not exist',
    command: 'profile-bee',
    args: () => ['--pid', '4194304', '-d', '1'],
    code: 2,
    source: 'usage',
    says: [/4194304/],
  },
  {
    what: 'a command that does not exist',
    command: 'profile-bee',
    args: () => ['--', '/nonexistent/program'],
    code: 2,
    source: 'usage',
    says: [/\/nonexistent\/program/],
  },
  {
    what: 'an unknown flag',
    command: 'profile-bee',
    args: () => ['--frequencyy', '99', '--', '/bin/true'],
    code: 2,
    says: [/--?frequencyy/],
  },
  {
    what: 'an unknown flag of the wrapper',
    command: 'cargo-profile-bee',
    args: () => ['--colapse', 'x', '--', '--bin', 'exits', '--', 'now'],
    cwd: programsWorkspace,
    code: 2,
    says: [/--?colapse/],
  },
  {
    what: '--frequency 0',
    command: 'profile-bee',
    args: () => ['--frequency', '0', '--', '/bin/true'],
    code: 2,
    says: [/frequency/i],
  },
  {
    what: 'a rule that is none',
    command: 'profile-bee',
    args: () => ['--require', 'beauty>=9', '--', '/bin/true'],
    code: 2,
    says: [/beauty/],
  },
  {
    what: 'a flag of ours in cargo’s part: the corrected line is printed',
    command: 'cargo-profile-bee',
    args: () => ['--', '--release', '--bin', 'exits', '--frequency', '99'],
    cwd: programsWorkspace,
    code: 2,
    says: [/cargo[ -]profile-bee .*--frequency 99 .*-- .*--bin exits/],
  },
];

for (const { what, command, args, cwd, code, source, says } of cases) {
  test(`${what}: exit ${code}, one message, nothing left behind`, needsRoot, async () => {
    const request = { command, args: args(), ...(cwd === undefined ? {} : { cwd: cwd() }) };
    const run = await runBee(request);
    assertRefused(run, code);
    for (const pattern of says) assert.match(run.stderr, pattern);
    if (source === undefined) return;
    assert.equal(run.summary?.exit.code, code);
    assert.equal(run.summary?.exit.source, source);
  });
}

function assertRefused(run: BeeRun, code: number): void {
  assert.equal(run.code, code, run.stderr);
  assert.equal(run.stdout, '', 'nothing on stdout');
  assert.doesNotMatch(run.stderr, /^\s+at .*\(?(file|node):/m, 'no JavaScript stack trace');
  assert.equal(run.foldedText, undefined, 'no folded file');
  assert.equal(run.svg, undefined, 'no SVG');
  assert.deepEqual(run.leftBehind, []);
  const files = readdirSync(run.scratch).filter((name) => name !== 'tmp' && name !== 'summary.json');
  assert.deepEqual(files, [], 'nothing in the working directory');
}

test('an output that cannot be written is refused before the program starts', needsRoot, async () => {
  const scratch = scratchDirectory();
  const plainFile = join(scratch, 'plain');
  writeFileSync(plainFile, 'not a folder');
  const mark = join(scratch, 'program-ran');
  for (const flag of ['--svg', '--collapse', '-o']) {
    const output = join(plainFile, 'out.svg');
    const args = [flag, output, '--', '/bin/sh', '-c', `touch ${mark}`];
    const run = await runBee({ command: 'profile-bee', args, outputs: 'summary' });
    assertRefused(run, 2);
    assert.equal(run.summary?.exit.source, 'usage');
    assert.ok(run.stderr.includes(output), run.stderr);
    assert.ok(!existsSync(mark), `${flag}: the program was started`);
  }
});

test('a folder as output is refused before cargo builds', needsRoot, async () => {
  const folder = join(scratchDirectory(), 'folder.svg');
  mkdirSync(folder);
  const args = ['--svg', folder, '--', '--release', '--bin', 'exits', '--', 'now'];
  const run = await runBee({
    command: 'cargo-profile-bee',
    args,
    outputs: 'summary',
    cwd: programsWorkspace(),
  });
  assertRefused(run, 2);
  assert.doesNotMatch(run.stderr, /Compiling|Finished/);
});

test('a compile error ends with cargo’s code and message only', needsRoot, async () => {
  const crate = scratchDirectory();
  mkdirSync(join(crate, 'src'));
  writeFileSync(
    join(crate, 'Cargo.toml'),
    '[package]\nname = "broken"\nversion = "0.1.0"\nedition = "2024"\n',
  );
  writeFileSync(join(crate, 'src/main.rs'), 'fn main() { missing_function() }\n');
  const run = await runBee({ command: 'cargo-profile-bee', args: ['--', '--release'], cwd: crate });
  assertRefused(run, 101);
  assert.match(run.stderr, /error\[E0425\]/);
  assert.equal(run.summary?.exit.source, 'cargo');
  const afterCargo = run.stderr.slice(run.stderr.lastIndexOf('could not compile'));
  assert.doesNotMatch(
    afterCargo,
    /profile-bee|profiler|sampler/i,
    'no noise of ours after cargo’s last line',
  );
});

const becomesAnother = needsRunsOfRoot('only root becomes another user, or makes such a room');
test('without privilege: exit 77 and what to do', becomesAnother, async () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all', '--'];
  const packageRoot = copyForEverybody(scratchDirectory());
  const args = ['--', builtProgram('exits'), 'now'];
  const request = {
    command: 'profile-bee',
    args,
    outputs: 'none',
    through: nobody,
    cwd: '/',
    packageRoot,
  } as const;
  const run = await runBee(request);
  assert.equal(run.code, 77, run.stderr);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /root|sudo|privilege|CAP_/i);
  assert.deepEqual(run.leftBehind, []);
});

test('in a pid namespace of its own: exit 77, and not an empty picture', becomesAnother, async () => {
  const through = withOwnPids();
  const args = ['--', builtProgram('exits'), 'now'];
  const run = await runBee({ command: 'profile-bee', args, outputs: 'none', through });
  assert.equal(run.code, 77, run.stderr);
  assert.match(run.stderr, /namespace[\s\S]*--pid=host/);
  assert.deepEqual(run.leftBehind, []);
});
