import { builtProgram } from '../kernel/running/fixture-programs.js';
import { type Figure, percent, times } from './figure.js';
import { runPerfRecord } from './perf-record.js';
import { runProfiled } from './profiled-command.js';
import { leastOf, runTimed } from './timed-command.js';

/**
 * Two threads that only switch: events that follow a task are started and stopped at every switch. On one CPU every
 * byte is a switch; on two, most of the time is the wake-up of an idle CPU, whoever profiles.
 */
export function contextSwitches(): Figure[] {
  const program = [builtProgram('pingpong'), '100000'];
  return [
    ...pingPong('on one CPU', ['taskset', '-c', '0', ...program]),
    ...pingPong('as the scheduler places them', program),
  ];
}

function pingPong(where: string, target: readonly string[]): Figure[] {
  const rounds = [1, 2, 3].map(() => ({
    plain: runTimed(target),
    ours: runProfiled(target),
    perf: runPerfRecord(target),
  }));
  const plain = leastOf(rounds.map((round) => round.plain)).target;
  const ours = leastOf(rounds.map((round) => round.ours)).target;
  const perf = leastOf(rounds.map((round) => round.perf)).target;
  const firedRatios = rounds.map(({ ours: { summary } }) => summary.samples.fired / summary.samples.expected);
  const inPerf = `${times(perf.cpuNs / plain.cpuNs)}, wall ${times(perf.wallNs / plain.wallNs)}`;
  return [
    {
      name: `CPU time of two threads ping-ponging, ${where}, profiled / unprofiled, least of 3`,
      measured: `${times(ours.cpuNs / plain.cpuNs)}, wall ${times(ours.wallNs / plain.wallNs)}`,
      aim: '≤ ×1.30',
      compared: `perf record --call-graph dwarf: ${inPerf}`,
    },
    {
      name: '… fired / expected (a virtual machine drops ticks here)',
      measured: firedRatios.map(percent).join(', '),
      aim: '',
      compared: '',
    },
  ];
}
