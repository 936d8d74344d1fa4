import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CaptureError } from '../../../src/capture/capture-error.js';
import { ok, problem, warning } from '../../../src/surfaces/cli/commands/doctor/check.js';
import { displayCheck } from '../../../src/surfaces/cli/commands/doctor/display-check.js';
import { doctorText } from '../../../src/surfaces/cli/commands/doctor/doctor-text.js';
import { toolChecks } from '../../../src/surfaces/cli/commands/doctor/tool-checks.js';
import { reachVerdict } from '../../../src/surfaces/cli/commands/doctor/verdict.js';
import { commandPath } from '../../kernel/running/repository.js';
import { scratchDirectory } from '../../kernel/running/scratch-directory.js';

function run(command: 'cargo-profile-bee' | 'profile-bee', ...args: string[]) {
  return spawnSync(process.execPath, [commandPath(command), ...args], { encoding: 'utf8' });
}

for (const [command, args, name] of [
  ['profile-bee', ['doctor'], 'profile-bee doctor'],
  ['cargo-profile-bee', ['doctor'], 'cargo-profile-bee doctor'],
  ['cargo-profile-bee', ['profile-bee', 'doctor'], 'cargo profile-bee doctor'],
] as const) {
  test(`${name}: its help, and a word that it does not know`, () => {
    const help = run(command, ...args, '--help');
    assert.equal(help.status, 0, help.stderr);
    assert.ok(help.stdout.includes(`usage: ${name} [--json]`), help.stdout);
    const wrong = run(command, ...args, '--jsno');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /unknown flag --jsno\n {2}did you mean --json\?\n$/);
    assert.equal(wrong.stdout, '');
  });
}

test('a program behind -- may be called doctor', () => {
  const { stderr } = run('profile-bee', '--', 'doctor');
  assert.match(stderr, /cannot run doctor|capture samples/);
});

function executable(name: string, text: string): string {
  const directory = scratchDirectory();
  writeFileSync(join(directory, name), text, { mode: 0o755 });
  return directory;
}

async function toolCheck(code: string, env: NodeJS.ProcessEnv) {
  return (await toolChecks(env)).find((check) => check.code === code);
}

test('another profile-bee on PATH: a warning, and the name that is never another’s', async () => {
  const PATH = executable('profile-bee', '#!/bin/sh\n');
  const check = await toolCheck('profile-bee-command', { PATH });
  assert.equal(check?.status, 'warning');
  assert.ok(check.found.includes(`another program: ${PATH}/profile-bee`));
  assert.match(check.fix ?? '', /^cargo-profile-bee record …/);
});

test('our own commands on PATH, and none', async () => {
  const PATH = scratchDirectory();
  for (const code of ['profile-bee', 'cargo-profile-bee'] as const) {
    assert.match((await toolCheck(`${code}-command`, { PATH }))?.fix ?? '', /^npm install -g/);
    symlinkSync(commandPath(code), join(PATH, code));
    assert.deepEqual((await toolCheck(`${code}-command`, { PATH }))?.status, 'ok');
  }
});

test('cargo tells its version; without it a warning', async () => {
  const fake = join(executable('cargo', '#!/bin/sh\necho cargo 9.9.9\n'), 'cargo');
  assert.deepEqual(await toolCheck('cargo', { CARGO: fake }), ok('cargo', 'cargo 9.9.9'));
  const missing = await toolCheck('cargo', { CARGO: '/nonexistent/cargo' });
  assert.equal(missing?.status, 'warning');
  assert.match(missing.found, /is not on PATH/);
});

test('display: what opens flamegraphs, or why none are opened; the same decision as in a run', () => {
  for (const [env, says] of [
    [{ WAYLAND_DISPLAY: 'wayland-0', BROWSER: 'surf' }, /with surf$/],
    [{}, /^there is no display: the path of the flamegraph is printed$/],
    [{ BROWSER: 'surf', SSH_CONNECTION: '1' }, /SSH/],
    [{ BROWSER: 'surf', CI: 'true' }, /this is CI/],
  ] as const) {
    const check = displayCheck(env);
    assert.equal(check.status, 'ok');
    assert.match(check.found, says);
  }
});

const NOT_PRIVILEGED = new CaptureError({
  code: 'not-privileged',
  why: 'user-lacks',
  needed: ['bpf', 'perfmon'],
  hasNoNewPrivileges: false,
  container: undefined,
});

for (const [what, checks, obstacle, exitCode, says] of [
  ['nothing wrong', [ok('btf', '')], undefined, 0, /^Profiling works here\.$/],
  ['warnings', [warning('a', '', ''), warning('b', '', '')], undefined, 0, /, with 2 warnings\.$/],
  [
    'a lack of privilege',
    [problem('capabilities', 'x', '')],
    NOT_PRIVILEGED,
    77,
    /not allowed .*needs root, or the capabilities cap_bpf and cap_perfmon\.$/,
  ],
  [
    'a machine that cannot, with privilege or without',
    [problem('btf', 'no BTF', '')],
    NOT_PRIVILEGED,
    125,
    /no BTF\.$/,
  ],
  ['no samples', [problem('trial', 'no sample came', '')], undefined, 125, /no sample came\.$/],
] as const) {
  test(`verdict, ${what}: ${exitCode}`, () => {
    const verdict = reachVerdict(checks, obstacle);
    assert.equal(verdict.exitCode, exitCode);
    assert.match(verdict.message, says);
  });
}

test('one line a check, each way to mend it on a line below, the verdict last', () => {
  const checks = [ok('one', 'is fine'), problem('another', 'is not', 'type this\nor that')];
  assert.equal(
    doctorText(checks, { exitCode: 125, message: 'It is bad.' }, false),
    `ok       one      is fine
problem  another  is not
         fix: type this
         fix: or that

It is bad.
`,
  );
});
