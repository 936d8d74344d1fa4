import { execFileSync } from 'node:child_process';
import { programsWorkspace } from '../kernel/running/fixture-programs.js';
import { commandPath } from '../kernel/running/repository.js';
import { type Figure, median, milliseconds } from './figure.js';
import { outputFlags, readSummary } from './profiled-command.js';

const repetitions = 15;
const PROGRAM = ['--bin', 'exits', '--', 'now'];

/**
 * What the wrapper adds to `cargo run` of a program that ends at once, everything up to date: the project is read, the
 * build is confirmed, the sampler started. Naming frames and writing are counted elsewhere, and left out here.
 */
export function wrapperOverhead(): Figure[] {
  const cwd = programsWorkspace();
  runWrapper(cwd);
  runCargo(cwd);
  const added: number[] = [];
  const plain: number[] = [];
  for (let run = 0; run < repetitions; run += 1) {
    const cargoNs = runCargo(cwd);
    plain.push(cargoNs);
    added.push(runWrapper(cwd) - cargoNs);
  }
  return [
    {
      name: `wrapper over cargo run, up to date, median of ${repetitions} pairs`,
      measured: milliseconds(median(added)),
      aim: '≤ 250 ms',
      compared: `cargo run --release: ${milliseconds(median(plain))}`,
    },
  ];
}

function runCargo(cwd: string): number {
  return wallNs('cargo', ['run', '-q', '--release', ...PROGRAM], cwd);
}

function runWrapper(cwd: string): number {
  const { flags, summaryPath } = outputFlags();
  const args = [commandPath('cargo-profile-bee'), ...flags, '--', '--release', ...PROGRAM];
  const allNs = wallNs(process.execPath, args, cwd);
  const { symbolize, write } = readSummary(summaryPath).phasesNs;
  return allNs - symbolize! - write!;
}

function wallNs(file: string, args: string[], cwd: string): number {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
  const start = process.hrtime.bigint();
  execFileSync(file, args, { cwd, env, stdio: 'ignore' });
  return Number(process.hrtime.bigint() - start);
}
