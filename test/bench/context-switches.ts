import { builtProgram } from '../kernel/fixture-programs.js';
import { type Figure, percent, times } from './figure.js';
import { runPerfRecord } from './perf-record.js';
import { runProfiled } from './profiled-command.js';
import { leastOf, runTimed } from './timed-command.js';

/** Two threads that only switch: events that follow a task are started and stopped at every switch. */
export function contextSwitches(): Figure[] {
  const target = [builtProgram('pingpong'), '60000'];
  const rounds = [1, 2, 3].map(() => ({
    plain: runTimed(target),
    ours: runProfiled(target),
    perf: runPerfRecord(target),
  }));
  const plain = leastOf(rounds.map((round) => round.plain)).target;
  const ours = leastOf(rounds.map((round) => round.ours)).target;
  const perf = leastOf(rounds.map((round) => round.perf)).target;
  const { samples } = rounds[0]!.ours.summary;
  return [
    {
      name: 'CPU time of two threads ping-ponging over pipes, profiled / unprofiled, least of 3',
      measured: times(ours.cpuNs / plain.cpuNs),
      aim: '≤ ×1.30',
      compared: `perf record --call-graph dwarf: ${times(perf.cpuNs / plain.cpuNs)}`,
    },
    {
      name: '… wall time',
      measured: times(ours.wallNs / plain.wallNs),
      aim: '',
      compared: `perf record --call-graph dwarf: ${times(perf.wallNs / plain.wallNs)}`,
    },
    {
      name: '… fired / expected (a virtual machine drops ticks here)',
      measured: percent(samples.fired / samples.expected),
      aim: '',
      compared: '',
    },
  ];
}
