import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Summary } from '../kernel/results/summary.js';
import { commandPath } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { runTimed, type ToolRun } from './timed-command.js';

export interface ProfiledCommand extends ToolRun {
  summary: Summary;
}

/** The target under `profile-bee` at 997 Hz with its three outputs. */
export function runProfiled(target: readonly string[]): ProfiledCommand {
  const { flags, summaryPath } = outputFlags();
  const tool = [process.execPath, commandPath('profile-bee'), '--frequency', '997', ...flags, '--'];
  return { ...runTimed(target, tool), summary: readSummary(summaryPath) };
}

/** `cargo-profile-bee … -- CARGO` in `cwd`: the whole way, only the summary is of use. */
export function runWrapper(cargoArguments: readonly string[], cwd: string): Summary {
  const { flags, summaryPath } = outputFlags();
  runTimed([process.execPath, commandPath('cargo-profile-bee'), ...flags, '--', ...cargoArguments], [], cwd);
  return readSummary(summaryPath);
}

export function outputFlags(): { flags: string[]; summaryPath: string } {
  const scratch = scratchDirectory();
  const summaryPath = join(scratch, 'summary.json');
  const pictures = ['--svg', join(scratch, 'picture.svg'), '--collapse', join(scratch, 'stacks.folded')];
  return { flags: ['--no-open', '--summary-json', summaryPath, ...pictures], summaryPath };
}

export function readSummary(path: string): Summary {
  return JSON.parse(readFileSync(path, 'utf8')) as Summary;
}
