import { readFileSync, readlinkSync } from 'node:fs';
import { enumerate } from '../../../account/enumerate.js';
import type { Problem } from '../../../account/problems/problem-list.js';
import {
  descendantsOf,
  lineageOf,
  type ProcessRow,
  type ProcessTable,
  readProcessTable,
  shownProcess,
} from '../../../capture/machine/process-table.js';
import type { CaptureTotals } from '../../../capture/raw-profile.js';
import type { SampledWork } from '../../sampled-work.js';
import type { PidRequest } from '../target-request.js';

/** With more samples, the named processes did some work. */
const FEW_SAMPLES = 100;
/** Share of one CPU below which a process is idle. */
const IDLE_SHARE = 0.01;
/** Share of one CPU, and at least a few accounting ticks: a process below that is not the one doing the work. */
const BUSY_SHARE = 0.05;
const MIN_BUSY_MS = 50;
/** Nobody would paste more pids. */
const MAX_PIDS = 8;

/** What indicates that two processes belong together. */
interface Ties {
  executable: string;
  controlGroup: string;
  session: number;
}

interface Busy extends ProcessRow {
  /** CPU time during the run. */
  ranMs: number;
}

/**
 * For processes that were named by pid and then did nothing: finds the related processes (children, siblings of a daemon,
 * wrapped programs) that do the work. Compares the CPU time of every process before and after the run.
 */
export class IdleWatch {
  #before: ProcessTable = new Map();
  #ties: Ties[] = [];
  #beganNs = 0n;

  constructor(private readonly request: PidRequest) {}

  begin(): void {
    this.#before = readProcessTable();
    this.#ties = this.request.pids.map((pid) => tiesOf(pid, this.#before.get(pid)));
    this.#beganNs = process.hrtime.bigint();
  }

  problems({ totalSamples }: SampledWork, totals: CaptureTotals): Problem[] {
    if (totalSamples >= FEW_SAMPLES) return [];
    const elapsedMs = Number(process.hrtime.bigint() - this.#beganNs) / 1e6;
    const spent = `${shownSeconds(totals.targetCpuNs / 1e6)} of CPU time in ${shownSeconds(elapsedMs)}`;
    const who = `${this.request.pids.length === 1 ? 'process' : 'processes'} ${this.#shownTargets()}`;
    const others = this.#whoWorked(elapsedMs);
    if (others !== undefined) return [{ code: 'work-elsewhere', message: `${who} used ${spent}; ${others}` }];
    if (totals.targetCpuNs / 1e6 > IDLE_SHARE * elapsedMs) return [];
    const message = `${who} slept: ${spent}; a CPU profile does not show what a process waits for`;
    return [{ code: 'idle', message }];
  }

  #shownTargets(): string {
    const rows = this.request.pids.map((pid) => this.#before.get(pid) ?? { pid, name: '' });
    return enumerate(rows.map(shownProcess));
  }

  /** The nearest busy relatives; undefined if there are none. */
  #whoWorked(elapsedMs: number): string | undefined {
    const after = readProcessTable();
    const children = new Set(
      this.request.pids.flatMap((pid) => descendantsOf(after, pid).map(({ pid }) => pid)),
    );
    const observed = new Set([...this.request.pids, ...(this.request.withChildren ? children : [])]);
    const below = descendantsOf(after, process.pid).map(({ pid }) => pid);
    const ours = new Set([...lineageOf(after, process.pid), ...below]); // a shell shares its session with everything it starts
    const leastMs = Math.max(MIN_BUSY_MS, BUSY_SHARE * elapsedMs);
    const busy = Array.from(after.values(), (row) => ({ ...row, ranMs: this.#ranMs(row) }))
      .filter(({ pid, ranMs }) => ranMs >= leastMs && !observed.has(pid) && !ours.has(pid))
      .sort((one, other) => other.ranMs - one.ranMs);
    const ties = new Map(busy.map((row) => [row.pid, tiesOf(row.pid, row)]));
    const tied = (by: keyof Ties) => (row: Busy) =>
      this.#ties.some((own) => !isNothing(own[by]) && own[by] === ties.get(row.pid)?.[by]);
    const kinds: [string, (row: Busy) => boolean][] = [
      ['its child processes, left out by --no-children, did the work', ({ pid }) => children.has(pid)],
      ['other processes of the same program did the work', tied('executable')],
      ['busy in the same control group (service)', tied('controlGroup')],
      ['busy in the same session', tied('session')],
    ];
    const found = kinds.map(([words, isKind]) => ({ words, busy: busy.filter(isKind) }));
    const nearest = found.find(({ busy }) => busy.length > 0);
    return nearest && whoAndHow(nearest.words, nearest.busy);
  }

  /** A new process did all its work during the run. */
  #ranMs({ pid, cpuMs, startTicks }: ProcessRow): number {
    const before = this.#before.get(pid);
    return before?.startTicks === startTicks ? cpuMs - before.cpuMs : cpuMs;
  }
}

function whoAndHow(words: string, found: readonly Busy[]): string {
  const names = enumerate(found.map((row) => `${shownProcess(row)} ${shownSeconds(row.ranMs)}`));
  const pids = found.slice(0, MAX_PIDS).map(({ pid }) => pid);
  return `${words}: ${names}; --pid ${pids.join(',')} profiles ${found.length === 1 ? 'it' : 'them'}`;
}

function tiesOf(pid: number, row: ProcessRow | undefined): Ties {
  return {
    executable: tryTo(() => readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, ''),
    controlGroup: tryTo(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8')),
    session: row?.session ?? 0,
  };
}

/** The root control group, of version 2 or 1, is not a tie. */
function isNothing(tie: string | number): boolean {
  return tie === 0 || tie === '' || /^(\d+:[^:\n]*:\/\n?)+$/.test(String(tie));
}

function shownSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function tryTo(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
