import { FRAME_LAYOUT, STACK_LAYOUT } from './layout.js';
import { FRAME_RULE_NAMES, type FrameRuleName, OUTCOME_NAMES, type OutcomeName } from './record-names.js';

const COMM_BYTES = 16;
const ADDRESS_MASK = (1n << BigInt(FRAME_LAYOUT.addressBits)) - 1n;
const RULE_SHIFT = BigInt(FRAME_LAYOUT.ruleShift);
const RULE_MASK = (1n << BigInt(FRAME_LAYOUT.objectShift - FRAME_LAYOUT.ruleShift)) - 1n;
const OBJECT_SHIFT = BigInt(FRAME_LAYOUT.objectShift);

/**
 * A thread that the first thread of a process started, and from which another thread descends through any number of
 * threads and processes. `comm` is its name when it started the first of them.
 */
export interface Starter {
  tid: number;
  comm: string;
}

/**
 * One unique stack. `timeNs` is CLOCK_MONOTONIC of its first delivery, `count` the number of hits. Frames are leaf
 * first: user frames are words (`frameAddress`, `frameRule`, `frameObject`), kernel frames are addresses. `root` is the
 * request that put its process, or an ancestor, under observation. `starter` is undefined for first threads and for
 * threads that a first thread started.
 */
export interface StackRecord {
  timeNs: bigint;
  root: number;
  pid: number;
  tid: number;
  comm: string;
  starter: Starter | undefined;
  cpu: number;
  count: number;
  outcome: OutcomeName;
  userFrames: BigUint64Array;
  kernelFrames: BigUint64Array;
}

/** Decodes concatenated bee_stack records; the frame arrays are views into `bytes` if it is 8-byte aligned. */
export function decodeStackRecords(bytes: Uint8Array): StackRecord[] {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const records: StackRecord[] = [];
  for (let offset = 0; offset < aligned.byteLength; ) {
    const record = decodeStackRecord(aligned, offset);
    records.push(record);
    offset += STACK_LAYOUT.size + (record.userFrames.length + record.kernelFrames.length) * 8;
  }
  return records;
}

function decodeStackRecord(bytes: Uint8Array, offset: number): StackRecord {
  const { buffer } = bytes;
  const start = bytes.byteOffset + offset;
  const view = new DataView(buffer, start, STACK_LAYOUT.size);
  const userFrameCount = view.getUint16(STACK_LAYOUT.user_frames, true);
  const kernelFrameCount = view.getUint16(STACK_LAYOUT.kernel_frames, true);
  const frames = start + STACK_LAYOUT.frames;
  return {
    timeNs: view.getBigUint64(STACK_LAYOUT.time_ns, true),
    root: view.getUint32(STACK_LAYOUT.root, true),
    pid: view.getUint32(STACK_LAYOUT.pid, true),
    tid: view.getUint32(STACK_LAYOUT.tid, true),
    comm: decodeComm(bytes, offset + STACK_LAYOUT.comm),
    starter: decodeStarter(view, bytes, offset),
    cpu: view.getUint32(STACK_LAYOUT.cpu, true),
    count: Number(view.getBigUint64(STACK_LAYOUT.count, true)),
    outcome: decodeOutcome(view.getUint8(STACK_LAYOUT.outcome)),
    userFrames: new BigUint64Array(buffer, frames, userFrameCount),
    kernelFrames: new BigUint64Array(buffer, frames + userFrameCount * 8, kernelFrameCount),
  };
}

function decodeComm(record: Uint8Array, offset: number): string {
  const bytes = record.subarray(offset, offset + COMM_BYTES);
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

function decodeStarter(view: DataView, record: Uint8Array, offset: number): Starter | undefined {
  const tid = view.getUint32(STACK_LAYOUT.starter_tid, true);
  return tid === 0 ? undefined : { tid, comm: decodeComm(record, offset + STACK_LAYOUT.starter_comm) };
}

function decodeOutcome(value: number): OutcomeName {
  const name = OUTCOME_NAMES[value];
  if (name === undefined) throw new RangeError(`A stack record has the unknown outcome ${value}.`);
  return name;
}

/** An address in the object's own virtual address space, or in the process's if the object is 0. */
export function frameAddress(word: bigint): bigint {
  return word & ADDRESS_MASK;
}

export function frameRule(word: bigint): FrameRuleName {
  const value = Number((word >> RULE_SHIFT) & RULE_MASK);
  const name = FRAME_RULE_NAMES[value];
  if (name === undefined) throw new RangeError(`A frame has the unknown rule ${value}.`);
  return name;
}

/** The sampler's number for the mapped file; 0: no known mapping. */
export function frameObject(word: bigint): number {
  return Number(word >> OBJECT_SHIFT);
}

/** The inverse of the three functions above. */
export function frameWord(object: number, rule: FrameRuleName, address: bigint): bigint {
  return (BigInt(object) << OBJECT_SHIFT) | (BigInt(FRAME_RULE_NAMES.indexOf(rule)) << RULE_SHIFT) | address;
}
