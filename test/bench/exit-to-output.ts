import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Summary } from '../kernel/results/summary.js';
import { builtProgram, programsWorkspace } from '../kernel/running/fixture-programs.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { ripgrepSources } from '../kernel/targets/ripgrep-sources.js';
import { type Figure, megabytes, milliseconds } from './figure.js';
import { installedTool } from './peer-tools.js';
import { runPerfRecord } from './perf-record.js';
import { runWrapper } from './profiled-command.js';
import { runTimed } from './timed-command.js';

const giveUpSeconds = 180;

/** From the program's exit to the last output, through the whole wrapper; the peers on the same binary. */
export function exitToOutput(): Figure[] {
  const fixture = runWrapper(['--release', '--bin', 'server', '--', '--seconds', '5'], programsWorkspace());
  const search = ['--count-matches', '--no-messages', '[a-z]+_(profile|sample)[a-z]*', '/usr'];
  const ripgrepArguments = ['--release', '--bin', 'rg', '--', ...search];
  runWrapper(ripgrepArguments, ripgrepSources()); // builds, and reads /usr into the page cache
  const ripgrep = runWrapper(ripgrepArguments, ripgrepSources());
  const searchCommand = [resolve(ripgrepSources(), ripgrep.targets[0]!.argv[0]!), ...search];
  return [
    figure('server fixture, 5 s', fixture, '≤ 300 ms', [builtProgram('server'), '--seconds', '5']),
    figure('ripgrep over /usr', ripgrep, '≤ 300 ms', searchCommand),
    ...footprint(fixture),
  ];
}

function figure(what: string, summary: Summary, aim: string, command: string[]): Figure {
  const compared = [perfAndInferno(command), samply(command)].join('; ');
  const measured = `${milliseconds(summary.phasesNs.exitToOutput!)} (${summary.samples.delivered} samples)`;
  return { name: `exitToOutput, ${what}`, measured, aim, compared };
}

function footprint({ cost, phasesNs }: Summary): Figure[] {
  const firstSampleNs = phasesNs.samplerStart! + phasesNs.attachToFirstSample!;
  return [
    {
      name: 'sampler start to first sample',
      measured: milliseconds(firstSampleNs),
      aim: '≤ 100 ms',
      compared: `start ${milliseconds(phasesNs.samplerStart!)}, attach to first sample ${milliseconds(phasesNs.attachToFirstSample!)}`,
    },
    {
      name: 'private memory of the sampler',
      measured: megabytes(cost.samplerPeakRssBytes),
      aim: '≤ 20 MB + tables',
      compared: `tables ${megabytes(cost.tableBytes)}`,
    },
    { name: 'RSS of the CLI', measured: megabytes(cost.cliPeakRssBytes), aim: '≤ 70 MB', compared: '' },
  ];
}

function perfAndInferno(command: readonly string[]): string {
  const inferno = installedTool('inferno', 'inferno-flamegraph');
  if (inferno.folder === undefined) return `perf script \\| inferno: not run, ${inferno.reason}`;
  const recorded = runPerfRecord(command);
  const tools = (name: string): string => join(inferno.folder, name);
  const pipeline = `perf script -i ${recorded.dataPath} | ${tools('inferno-collapse-perf')} | ${tools('inferno-flamegraph')}`;
  const startNs = Date.now() * 1e6;
  const limited = spawnSync('timeout', [String(giveUpSeconds), 'bash', '-c', `${pipeline} > picture.svg`], {
    cwd: scratchDirectory(),
    stdio: 'ignore',
  });
  const scriptNs = Date.now() * 1e6 - startNs;
  const recordNs = recorded.whole.endNs - recorded.target.endNs;
  if (limited.status === 124) return `perf script \\| inferno: more than ${giveUpSeconds} s`;
  return `perf script \\| inferno: ${milliseconds(recordNs + scriptNs)}`;
}

function samply(command: readonly string[]): string {
  const tool = installedTool('samply', 'samply');
  if (tool.folder === undefined) return `samply: not run, ${tool.reason}`;
  const paranoid = Number(readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8'));
  if (paranoid > 1)
    return 'samply: not run, it refuses even root until `sysctl kernel.perf_event_paranoid=1`';
  const output = join(scratchDirectory(), 'profile.json.gz');
  const options = ['record', '--rate', '997', '--save-only', '--no-open', '-o', output, '--'];
  const run = runTimed(command, [join(tool.folder, 'samply'), ...options]);
  return `samply, without symbols: ${milliseconds(run.whole.endNs - run.target.endNs)}`;
}
