import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { CargoRun } from '../../../src/cargo/launch/cargo-run.js';
import { hostTriple } from '../../../src/cargo/project/rustc.js';
import { prepareCargoRun } from '../launch/prepare-cargo-run.js';

export interface CargoLine {
  /** Of the workspace whose programs append to `$TOLD` what they are. */
  cwd: string;
  args: readonly string[];
  program?: readonly string[];
  env: NodeJS.ProcessEnv;
}

/** What a line made of the programs: how each was started, and what it said of itself. */
interface Ran {
  started: string[];
  told: string;
}

/** `$0` is the log: a runner, and a gate. */
const RECORDER = `#!/bin/sh\nprintf '%s|' "$PWD" "$@" >> "$0.log"\nprintf '\\n' >> "$0.log"\nexec "$@" > /dev/null\n`;

/**
 * Runs a line with plain cargo in the dev profile (benches: in theirs), and prepares and launches it with ours; asserts that the same
 * programs ran with the same arguments in the same directories, all behind our gate. Gives our plan.
 */
export async function assertSameAsCargo(line: CargoLine, scratch: string): Promise<CargoRun> {
  const plain = await runPlainly(line, scratch);
  const { cwd, args, program } = line;
  const env = { ...line.env, TOLD: join(scratch, 'told') };
  const run = await prepareCargoRun({
    cargoArgs: args,
    programArgs: program,
    ourProfile: { kind: 'dev' },
    cwd,
    env,
  });
  const ours = await recorded(scratch, async (recorder) => {
    assert.deepEqual(await run.launch([recorder]).exited, { code: 0, signal: null }, args.join(' '));
  });
  assert.deepEqual(comparable(ours), comparable(plain), args.join(' '));
  assert.ok(plain.started.length > 0, `${args.join(' ')} runs nothing`);
  assertPlanned(run, ours.started);
  return run;
}

async function runPlainly({ cwd, args, program, env }: CargoLine, scratch: string): Promise<Ran> {
  const host = await hostTriple({ cwd, env });
  const variable = `CARGO_TARGET_${host.toUpperCase().replaceAll('-', '_')}_RUNNER`;
  const verb = args[0] === undefined || args[0].startsWith('-') ? ['run'] : [];
  const line = [...verb, ...args, ...(program === undefined ? [] : ['--', ...program])];
  return await recorded(scratch, (recorder) => {
    // By its name alone: a runner in a variable is split at spaces, which the path may have.
    const path = `${dirname(recorder)}:${env.PATH}`;
    const runnerEnv = { ...env, PATH: path, [variable]: basename(recorder), TOLD: join(scratch, 'told') };
    const { status, stderr } = spawnSync('cargo', line, { cwd, env: runnerEnv, encoding: 'utf8' });
    assert.equal(status, 0, `cargo ${line.join(' ')}: ${stderr}`);
  });
}

async function recorded(scratch: string, work: (recorder: string) => void | Promise<void>): Promise<Ran> {
  const recorder = join(scratch, 'recorder');
  writeFileSync(recorder, RECORDER, { mode: 0o755 });
  for (const name of ['recorder.log', 'told']) rmSync(join(scratch, name), { force: true });
  await work(recorder);
  const read = (name: string) =>
    existsSync(join(scratch, name)) ? readFileSync(join(scratch, name), 'utf8') : '';
  return { started: read('recorder.log').split('\n').filter(Boolean), told: read('told') };
}

/** Without what the derived profile changes: the name of its folder, and hashes. */
function comparable({ started, told }: Ran): Ran {
  const plain = (text: string) =>
    text
      .replace(/\/(debug|release|profile-bee)(?=\/)/g, '/PROFILE')
      .replace(/-[0-9a-f]{16}(?=\|)/g, '-HASH')
      .replace(/\/rustdoctest\w+/, '/RUSTDOCTEST');
  return { started: started.map(plain), told };
}

/** The plan names what was started, in this order. */
function assertPlanned(run: CargoRun, started: readonly string[]): void {
  const executables = started.map((line) => {
    const [directory = '', program = ''] = line.split('|');
    return resolve(directory, program);
  });
  const programs = executables.filter((path) => !path.includes('/rustdoctest'));
  assert.deepEqual(
    run.targets.map(({ executable }) => resolve(executable)),
    programs,
  );
}
