import { execFileSync } from 'node:child_process';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import { type Figure, megabytes, milliseconds, percent } from './figure.js';
import { runPerfRecord } from './perf-record.js';
import { runProfiled } from './profiled-command.js';
import { leastOf, runTimed } from './timed-command.js';

const targetSeconds = 20;

/** What sampling costs a busy program of at least 20 s with at most 30 frames, and its memory. */
export function samplingCost(): Figure[] {
  const target = [builtProgram('spin'), '--rounds', String(roundsFor(targetSeconds))];
  const plainBefore = runTimed(target);
  const { summary, ...ours } = runProfiled(target);
  const perf = runPerfRecord(target);
  const plainCpuNs = leastOf([plainBefore, runTimed(target)]).target.cpuNs;
  const { cost, samples, phasesNs } = summary;
  const added = (cpuNs: number): string => percent(cpuNs / plainCpuNs - 1);
  return [
    {
      name: `(bpfRunNs + samplerCpuNs) / targetCpuNs, 997 Hz, ${targetSeconds} s, 10 to 28 frames`,
      measured: percent((cost.bpfRunNs + cost.samplerCpuNs) / cost.targetCpuNs),
      aim: '≤ 1 %',
      compared: `${milliseconds(cost.bpfRunNs)} in BPF, ${milliseconds(cost.samplerCpuNs)} in the sampler, ${samples.fired} samples`,
    },
    {
      name: 'CPU time added to the program itself',
      measured: added(ours.target.cpuNs),
      aim: '',
      compared: `perf record --call-graph dwarf: ${added(perf.target.cpuNs)}`,
    },
    {
      name: 'CPU time added in all: program, profiler, loading BPF, outputs',
      measured: added(ours.whole.cpuNs),
      aim: '',
      compared: `perf record alone, nothing unwound yet: ${added(perf.whole.cpuNs)}`,
    },
    {
      name: 'loading BPF: start of the sampler until it is ready',
      measured: milliseconds(phasesNs.samplerStart ?? Number.NaN),
      aim: '(25–45 ms of CPU)',
      compared: '',
    },
    {
      name: 'bytes written',
      measured: megabytes(summary.outputs.reduce((sum, { bytes }) => sum + bytes, 0)),
      aim: '',
      compared: `perf record: ${megabytes(perf.dataBytes)}`,
    },
    {
      name: 'fired / expected',
      measured: percent(samples.fired / samples.expected),
      aim: '98–102 %',
      compared: '',
    },
  ];
}

/** Fixed work, so that runs can be compared: as many rounds as fit into the time here, measured over 2 s. */
function roundsFor(seconds: number): number {
  const output = execFileSync(builtProgram('spin'), ['--seconds', '2'], { encoding: 'utf8' });
  return Math.ceil((Number.parseInt(output, 10) / 2) * (seconds + 1));
}
