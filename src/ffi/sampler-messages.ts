/** Message types of the sampler's socket; native/sampler/src/serve/protocol.rs describes each payload. */
export const MESSAGE = {
  start: 1,
  add: 2,
  stop: 3,
  hello: 101,
  started: 102,
  added: 103,
  exit: 107,
  totals: 108,
  problem: 109,
  done: 110,
  failed: 111,
} as const;

const PROTOCOL_VERSION = 6;
/** The order is the number on the wire. */
export const UNWINDERS = ['dwarf', 'fp'] as const;
export const EVENTS = ['cpu-clock', 'cycles'] as const;

export type Unwinder = (typeof UNWINDERS)[number];
export type SamplingEvent = (typeof EVENTS)[number];

const START_CHECKS_UNWINDING = 1;
const ADD_IS_HELD = 1;
const ADD_IS_ALONE = 2;
const ADD_IS_CHILD = 4;

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

/** A decoded message of the sampler. JSON bodies are passed on unchanged. */
export type SamplerEvent =
  | { kind: 'hello'; protocolVersion: number; pid: number; version: string }
  | { kind: 'started'; facts: unknown }
  | { kind: 'added'; requestId: number; errno: number; detail: string }
  | { kind: 'exit'; pid: number; waitStatus: number; timeNs: bigint }
  | { kind: 'totals'; totals: unknown }
  | { kind: 'problem'; problem: SamplerProblem }
  | { kind: 'done' }
  | { kind: 'failed'; failure: SamplerFailure };

export function encodeStart(plan: CapturePlan): Uint8Array {
  return words([
    PROTOCOL_VERSION,
    plan.frequencyHz,
    UNWINDERS.indexOf(plan.unwinder),
    plan.ringBytes,
    EVENTS.indexOf(plan.event),
    plan.maxDepth,
    plan.checksUnwinding ? START_CHECKS_UNWINDING : 0,
    plan.tableMiB,
  ]);
}

export function encodeAdd({ requestId, pid, isHeld, isAlone, ancestor, paths }: AddRequest): Uint8Array {
  const flags =
    (isHeld ? ADD_IS_HELD : 0) | (isAlone ? ADD_IS_ALONE : 0) | (ancestor !== undefined ? ADD_IS_CHILD : 0);
  const head = words([requestId, pid, flags, ancestor ?? 0, paths.length]);
  return Buffer.concat([head, ...paths.map((path) => Buffer.from(`${path}\0`))]);
}

/** Throws RangeError for an unknown type, which libbee would not pass on. */
export function decodeSamplerEvent(type: number, payload: Uint8Array): SamplerEvent {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  switch (type) {
    case MESSAGE.hello:
      return {
        kind: 'hello',
        protocolVersion: view.getUint32(0, true),
        pid: view.getUint32(4, true),
        version: text(payload, 8),
      };
    case MESSAGE.started:
      return { kind: 'started', facts: json(payload) };
    case MESSAGE.added:
      return {
        kind: 'added',
        requestId: view.getUint32(0, true),
        errno: view.getUint32(4, true),
        detail: text(payload, 8),
      };
    case MESSAGE.exit:
      return {
        kind: 'exit',
        pid: view.getUint32(0, true),
        waitStatus: view.getInt32(4, true),
        timeNs: view.getBigUint64(8, true),
      };
    case MESSAGE.totals:
      return { kind: 'totals', totals: json(payload) };
    case MESSAGE.problem:
      return { kind: 'problem', problem: json(payload) as SamplerProblem };
    case MESSAGE.done:
      return { kind: 'done' };
    case MESSAGE.failed:
      return { kind: 'failed', failure: json(payload) as SamplerFailure };
    default:
      throw new RangeError(`The sampler's message type ${type} is unknown.`);
  }
}

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  return bytes;
}

function text(payload: Uint8Array, offset: number): string {
  return Buffer.from(payload.subarray(offset)).toString('utf8').replace(/\0+$/, '');
}

function json(payload: Uint8Array): unknown {
  return JSON.parse(text(payload, 0));
}
