import { Socket } from 'node:net';
import { loadLibbee } from './libbee.js';

const RECORD_BYTES = 16;

/** A signal that another process sent to this one. */
export interface NativeSignal {
  number: number;
  /** The value passed to sigqueue; undefined if the signal was sent in another way. */
  value: bigint | undefined;
}

/**
 * Listens for signals that Node does not deliver: real-time signals in their order, fault signals, SIGPIPE. May be
 * called once in a process and lasts until its end; does not keep it alive. Throws NativeError.
 */
export function listenForSignals(
  numbers: readonly number[],
  onSignal: (signal: NativeSignal) => void,
): Disposable {
  const mask = numbers.reduce((bits, number) => bits | (1n << BigInt(number - 1)), 0n);
  const pipe = new Socket({ fd: loadLibbee().signalsListen(mask), readable: true, writable: false });
  let received = Buffer.alloc(0);
  pipe.unref();
  pipe.on('error', () => pipe.destroy());
  pipe.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= RECORD_BYTES) {
      const record = received.subarray(0, RECORD_BYTES);
      received = received.subarray(RECORD_BYTES);
      onSignal(decodeRecord(record));
    }
  });
  return { [Symbol.dispose]: () => pipe.destroy() };
}

function decodeRecord(record: Buffer): NativeSignal {
  const value = record.readUInt32LE(4) === 1 ? record.readBigUInt64LE(8) : undefined;
  return { number: record.readUInt32LE(0), value };
}

/** Calls sigqueue. Throws NativeError. */
export function queueSignal(pid: number, number: number, value: bigint): void {
  loadLibbee().signalQueue(pid, number, value);
}
