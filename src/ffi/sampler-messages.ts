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
  /** Of memory for unwind tables, 2 to 1024. */
  tableMiB: number;
  /** Every stack is unwound a second time in the sampler, and compared. */
  checksUnwinding: boolean;
}

/** `paths`: files that it will map. */
export interface AddRequest {
  requestId: number;
  pid: number;
  /** It waits at the gate and is observed from its exec on. */
  isHeld?: boolean;
  /** Its children are not observed. */
  isAlone?: boolean;
  /** It descends from an observed process: the root of that one, which its samples then carry. */
  ancestor?: number;
  paths: readonly string[];
}

/** What the sampler could not do. `step` is one of native/sampler's, `subject` which map or path it was about. */
export interface FailedStep {
  code: 'bpf' | 'perf-event' | 'perf-memory' | 'event-unsupported' | 'client' | 'protocol' | 'internal';
  step: string;
  subject: string;
  /** 0: the system has no number for it. */
  errno: number;
  /** What libbpf or the peer says of it; may be empty. */
  detail: string;
}

/** More than `setup` allows: what this run takes, with the user's other runs, of what at most. In Hz, or in MiB. */
export interface ExceededBound {
  code: 'over-frequency' | 'over-memory';
  need: number;
  taken: number;
  most: number;
}

/** Why a run did not begin, or ended. */
export type SamplerFailure = FailedStep | ExceededBound;

/** A stack, as one of its threads had it; `rows`: its frames where they matter, one text each. */
interface CheckedStack {
  command: string;
  pid: number;
  tid: number;
  rows: readonly string[];
}

/** Frames, and how the walk ended. */
interface CheckedWalk {
  frames: number;
  end: string;
}

/** Something that was left out. */
export type ToldProblem =
  /** Notices of new mappings. */
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

/** `more`: how many others of the code there were, which were not told one by one. */
export type SamplerProblem = ToldProblem | { code: ToldProblem['code']; more: number };

/** What the sampler tells, decoded. JSON bodies are passed on as they are. */
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

/** Throws RangeError on a type that libbee would not have let through. */
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
