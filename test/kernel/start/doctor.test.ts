import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../running/needs-root.js';
import { copyForEverybody } from '../running/repository.js';
import { runInTerminal } from '../running/run-in-terminal.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { examine } from './examine.js';
import { asUser, refusing, setting } from './hostile-room.js';
import { UNFIT_ROOMS } from './unfit-rooms.js';

for (const { what, needs = needsRoot, through, code, says, advises, check } of UNFIT_ROOMS) {
  test(`doctor, ${what}: exit ${code}, the same sentence`, needs, async () => {
    const { report, run } = await examine(through());
    assert.equal(run.code, code, run.stdout);
    assert.equal(report.verdict.exitCode, code);
    assert.match(report.verdict.message, says);
    const found = report.checks.find((entry) => entry.code === check);
    assert.equal(found?.status, 'problem', run.stdout);
    assert.match(found.found, says);
    assert.match(found.fix ?? '', advises);
  });
}

test(
  'doctor of a machine that can: it has profiled, exit 0, and a fix for whatever is not ok',
  needsRoot,
  async () => {
    const { run, report } = await examine();
    assert.equal(run.code, 0, run.stdout);
    assert.equal(report.schema, 'profile-bee.doctor/1');
    assert.match(report.verdict.message, /^Profiling works here/);
    const trial = report.checks.find(({ code }) => code === 'trial');
    assert.match(trial?.found ?? '', /^works: \d{2,} samples, [\d.]+ % complete, none lost$/);
    assert.ok(report.checks.length > 15, run.stdout);
    for (const { status, fix, code } of report.checks) assert.equal(status === 'ok', fix === undefined, code);
    assert.equal(run.stderr, '');
    assert.deepEqual(run.leftBehind, []);
  },
);

for (const [name, value, check, says, fix] of [
  [
    'kptr_restrict',
    2,
    'kptr-restrict',
    /kptr_restrict is 2: .* not symbolized/,
    /sysctl kernel\.kptr_restrict=1/,
  ],
  ['perf_event_paranoid', 4, 'perf-event-paranoid', /is 4: .* needs sudo$/, /perf_event_paranoid=2/],
  ['perf_event_max_sample_rate', 50, 'sample-rate', /allows 50 samples per second/, /max_sample_rate=100000/],
  ['perf_event_mlock_kb', 100, 'locked-memory', /lock 100 KiB per CPU/, /perf_event_mlock_kb=516/],
] as const) {
  test(`doctor, kernel.${name} ${value}: a warning, and how to change it`, needsRoot, async () => {
    const { run, report } = await examine(setting(name, value));
    const found = report.checks.find(({ code }) => code === check);
    assert.equal(found?.status, 'warning', run.stdout);
    assert.match(found.found, says);
    assert.match(found.fix ?? '', fix);
    assert.equal(run.code, 0);
  });
}

for (const [name, value, check, says] of [
  ['perf_event_paranoid', 2, 'perf-event-paranoid', /perf_event_paranoid is 2: .* needs cap_perfmon/],
  ['perf_event_paranoid', -1, 'perf-event-paranoid', /perf_event_paranoid is -1: everybody may/],
  ['unprivileged_bpf_disabled', 2, 'unprivileged-bpf', /bpf_disabled is 2: .* need cap_bpf/],
  ['unprivileged_bpf_disabled', 0, 'unprivileged-bpf', /bpf_disabled is 0: no obstacle/],
] as const) {
  test(`doctor, kernel.${name} ${value}: said, and no obstacle`, needsRoot, async () => {
    const { run, report } = await examine(setting(name, value));
    const found = report.checks.find(({ code }) => code === check);
    assert.deepEqual([found?.status, found?.fix], ['ok', undefined], run.stdout);
    assert.match(found!.found, says);
    assert.equal(run.code, 0);
  });
}

test('doctor, a root without cap_checkpoint_restore: it works, with a warning', needsRoot, async () => {
  const { run, report } = await examine(['setpriv', '--bounding-set=-checkpoint_restore']);
  const found = report.checks.find(({ code }) => code === 'capabilities');
  assert.equal(found?.status, 'warning', run.stdout);
  assert.match(found.found, /no cap_checkpoint_restore/);
  assert.match(found.fix ?? '', /CHECKPOINT_RESTORE/);
  assert.equal(run.code, 0);
});

test('doctor of an ordinary user: exit 77, and what would be needed', needsRoot, async () => {
  const packageRoot = copyForEverybody(scratchDirectory());
  const { run, report } = await examine(asUser(), { packageRoot, cwd: '/' });
  assert.equal(run.code, 77, run.stdout);
  const found = report.checks.find(({ code }) => code === 'capabilities');
  assert.match(found?.fix ?? '', /^sudo /);
  assert.equal(
    report.checks.find(({ code }) => code === 'trial'),
    undefined,
    'nothing was tried',
  );
});

test('doctor under a filter that lets everything of ours pass', needsRoot, async () => {
  const { report } = await examine(refusing('acct', 1));
  const found = report.checks.find(({ code }) => code === 'seccomp');
  assert.equal(found?.status, 'ok');
  assert.match(found.found, /those for profiling are allowed/);
});

test(
  'doctor on a terminal: a line for each check in colour, with the fix below, and the verdict last',
  needsRoot,
  async () => {
    const request = { command: 'cargo-profile-bee', args: ['doctor'], outputs: 'none' } as const;
    const run = await runInTerminal(
      { ...request, env: { TERM: 'xterm', NO_COLOR: undefined } },
      /never typed/,
    );
    assert.match(run.stdout, /^\u001b\[32mok\u001b\[0m {7}platform +linux /m);
    assert.match(run.stdout, /\r?\n\r?\nProfiling works here[^\n]*\.\r?\n$/);
    const plain = await runInTerminal({ ...request, env: { TERM: 'xterm', NO_COLOR: '1' } }, /never typed/);
    assert.ok(!plain.stdout.includes('\u001b'), plain.stdout);
    assert.match(plain.stdout, /^ok {7}platform/m);
  },
);
