import { decodeRecord, encodeRecord } from './wire/fields.js';
import {
  ADDED_LAYOUT,
  EVENTS,
  FACTS_LAYOUT,
  HELLO_LAYOUT,
  MESSAGE,
  PROCESS_NEWS_LAYOUT,
  PROTOCOL_VERSION,
  START_REQUEST_LAYOUT,
  STARTED_LAYOUT,
  TARGET_REQUEST_LAYOUT,
  TICK_LAYOUT,
  TICKED_LAYOUT,
  TOTALS_LAYOUT,
  type Totals,
  UNWINDERS,
  type UnwindingCheck,
} from './wire/protocol.js';

export { EVENTS, MESSAGE, UNWINDERS, type UnwindingCheck };

const VERSION_BYTES = 4;

export type Unwinder = (typeof UNWINDERS)[number];
export type SamplingEvent = (typeof EVENTS)[number];

/** How a capture samples and unwinds: the body of START. */
export interface CapturePlan {
  frequencyHz: number;
  event: SamplingEvent;
  unwinder: Unwinder;
  /** A power of two, 4096 or more. */
  ringBytes: number;
  maxDepth: number;
  /** Memory for unwind tables, 2 to 1024. */
  tableMiB: number;
  /** Unwinds every stack a second time in the sampler and compares the two. */
  checksUnwinding: boolean;
}

/** A process to observe. `paths`: files that it will map. */
export interface AddRequest {
  requestId: number;
  pid: number;
  /** The process waits at the gate and is observed from its exec on. */
  isHeld?: boolean;
  /** Its children are not observed. */
  isAlone?: boolean;
  /** For a descendant of an observed process: the root of that process, which the samples then carry. */
  ancestor?: number;
  paths: readonly string[];
}

/** A step of the sampler that failed. `step` is a name from native/sampler, `subject` the map or path involved. */
export interface FailedStep {
  code: 'bpf' | 'perf-event' | 'perf-memory' | 'event-unsupported' | 'client' | 'protocol' | 'internal';
  step: string;
  subject: string;
  /** 0 if the system gave no error number. */
  errno: number;
  /** The message of libbpf or the peer; may be empty. */
  detail: string;
}

/**
 * This run would exceed a limit of `setup`: `need` is what it asks for, `taken` what all the user's runs would use
 * together, `most` the limit (Hz or MiB).
 */
export interface ExceededBound {
  code: 'over-frequency' | 'over-memory';
  need: number;
  taken: number;
  most: number;
}

/** Why a run did not start, or ended early. */
export type SamplerFailure = FailedStep | ExceededBound;

/** A stack and a thread that had it; `rows`: the frames that matter, as texts. */
interface CheckedStack {
  command: string;
  pid: number;
  tid: number;
  rows: readonly string[];
}

/** The number of frames, and how the walk ended. */
interface CheckedWalk {
  frames: number;
  end: string;
}

/** Something that the sampler left out. */
export type ToldProblem =
  /** The kernel's records of new mappings. */
  | { code: 'side-band-lost'; records: number }
  | { code: 'too-many-mappings'; pid: number; most: number }
  | { code: 'too-many-processes'; pid: number }
  | { code: 'too-many-objects'; most: number }
  | { code: 'table-memory'; path: string }
  | { code: 'thirty-two-bit'; path: string }
  | {
      code: 'no-unwind-table';
      path: string;
      why: 'too-many-rules' | 'too-large' | 'malformed';
      detail: string;
    }
  | { code: 'unreadable-object'; path: string; errno: number; detail: string }
  | ({
      code: 'unwinding-difference';
      same: number;
      inKernel: CheckedWalk;
      inSampler: CheckedWalk;
    } & CheckedStack)
  | ({
      code: 'unwinding-doubt';
      why: 'impossible-caller' | 'false-root';
      frame: number;
    } & CheckedStack);

/** `more`: the number of further problems with this code that were not sent one by one. */
export type SamplerProblem = ToldProblem | { code: ToldProblem['code']; more: number };

/** What the BPF programs and the sampler counted: TOTALS, with the losses by cause (LOSS_NAMES of record-names.ts). */
export type CaptureTotals = Omit<Totals, 'lost' | 'isKernelsCost' | 'stillRunningPids' | 'unwindingCheck'> & {
  lost: Record<string, number>;
  costSource: 'kernel' | 'sampled';
  stillRunningPids: number[];
  unwindingCheck?: UnwindingCheck;
};

/** A decoded message of the sampler. */
export type SamplerEvent =
  | { kind: 'hello'; protocolVersion: number; pid: number; version: string }
  | { kind: 'started'; loadNs: number }
  | { kind: 'added'; requestId: number; errno: number; detail: string }
  | { kind: 'exit'; pid: number; waitStatus: number; timeNs: bigint }
  | { kind: 'totals'; totals: CaptureTotals }
  | { kind: 'ticked'; number: number }
  | { kind: 'problem'; problem: SamplerProblem }
  | { kind: 'done' }
  | { kind: 'failed'; failure: SamplerFailure }
  /** Of a kind that is known, and not needed. */
  | { kind: 'other' };

export function encodeStart(plan: CapturePlan): Uint8Array {
  const { frequencyHz, event, unwinder, ringBytes, maxDepth, tableMiB, checksUnwinding } = plan;
  const limits = { ringBytes, maxDepth, tableMiB };
  const events = [{ name: event, frequencyHz }];
  const version = Buffer.alloc(VERSION_BYTES);
  version.writeUInt32LE(PROTOCOL_VERSION);
  const request = { limits, unwinder, checksUnwinding, events };
  return Buffer.concat([version, encodeRecord(START_REQUEST_LAYOUT, request)]);
}

/** A TARGET that adds a process. */
export function encodeAdd({ requestId, pid, isHeld, isAlone, ancestor, paths }: AddRequest): Uint8Array {
  const request = { request: requestId, removes: false, process: pid, isHeld, isAlone, ancestor, paths };
  return encodeRecord(TARGET_REQUEST_LAYOUT, request);
}

export function encodeTick(number: number): Uint8Array {
  return encodeRecord(TICK_LAYOUT, { number });
}

/** Throws RangeError for an unknown kind and MalformedRecord; libbee passes neither on. */
export function decodeSamplerEvent(type: number, payload: Uint8Array): SamplerEvent {
  switch (type) {
    case MESSAGE.hello:
      return decodeHello(payload);
    case MESSAGE.started:
      return { kind: 'started', ...decodeRecord(STARTED_LAYOUT, payload) };
    case MESSAGE.added: {
      const { request, ...answer } = decodeRecord(ADDED_LAYOUT, payload);
      return { kind: 'added', requestId: request, ...answer };
    }
    case MESSAGE.process:
      return decodeProcess(payload);
    case MESSAGE.totals:
      return { kind: 'totals', totals: decodeTotals(payload) };
    case MESSAGE.ticked:
      return { kind: 'ticked', ...decodeRecord(TICKED_LAYOUT, payload) };
    case MESSAGE.problem:
      return { kind: 'problem', problem: decodeFacts(payload) as SamplerProblem };
    case MESSAGE.done:
      return { kind: 'done' };
    case MESSAGE.failed:
      return { kind: 'failed', failure: decodeFacts(payload) as SamplerFailure };
    case MESSAGE.histogram:
      return { kind: 'other' };
    default:
      throw new RangeError(`The sampler's message kind ${type} is unknown.`);
  }
}

function decodeHello(payload: Uint8Array): SamplerEvent {
  const version = new DataView(payload.buffer, payload.byteOffset, VERSION_BYTES).getUint32(0, true);
  const hello = decodeRecord(HELLO_LAYOUT, payload.subarray(VERSION_BYTES));
  return { kind: 'hello', protocolVersion: version, ...hello };
}

function decodeProcess(payload: Uint8Array): SamplerEvent {
  const { pid, timeNs, end } = decodeRecord(PROCESS_NEWS_LAYOUT, payload);
  if (end === undefined) return { kind: 'other' };
  return { kind: 'exit', pid, waitStatus: end.waitStatus ?? -1, timeNs };
}

function decodeTotals(payload: Uint8Array): CaptureTotals {
  const { lost, isKernelsCost, stillRunningPids, unwindingCheck, ...counted } = decodeRecord(
    TOTALS_LAYOUT,
    payload,
  );
  return {
    ...counted,
    lost: Object.fromEntries(lost.map(({ cause, samples }) => [cause, samples])),
    costSource: isKernelsCost ? 'kernel' : 'sampled',
    stillRunningPids: [...stillRunningPids],
    ...(unwindingCheck && { unwindingCheck }),
  };
}

/** The fields that its code has; an empty list of rows is none. */
function decodeFacts(payload: Uint8Array): object {
  const { rows, ...facts } = decodeRecord(FACTS_LAYOUT, payload);
  return rows.length > 0 ? { ...facts, rows } : facts;
}
