import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { signalMask } from './inherited-signals.js';

/** bee-gate's report on the program that it holds (native/gate/src/main.rs). */
export interface GateMessage {
  pid: number;
  cwd: string;
  executable: string;
  /** Absolute paths of the libraries that the loader will map, the loader itself included. */
  libraries: string[];
  argv: string[];
}

/** Appended arguments and added environment variables for a program at the gate. */
export interface Additions {
  moreArguments?: readonly string[];
  moreVariables?: Readonly<Record<string, string>>;
}

/** `run` lets the program go; `skip` ends it with exit code 0 before it begins. */
export type GateAnswer = ({ kind: 'run' } & Additions) | { kind: 'skip' };

/** Called for each program at the gate, which opens when the promise settles, even if it rejects. */
export type OnArrival = (message: GateMessage) => Promise<GateAnswer>;

/** Process state that Node changed at start-up and that the gate restores for the program. */
export interface Inheritance {
  /** Soft limit on open files; absent: the gate's own. */
  fileLimit?: number | undefined;
  ignoredSignals?: readonly NodeJS.Signals[];
}

const PROTOCOL = 'bee-gate/1';
const LENGTH_BYTES = 4;
const WORD_BYTES = 8;
/** Sent instead of a limit. */
const AS_IT_IS = 0xffff_ffff_ffff_ffffn;
const MAX_MESSAGE_BYTES = 16 << 20;

/** The server that gates connect to. A gate that loses its connection runs its program anyway. */
export class Gate {
  readonly #connections = new Set<Socket>();
  readonly #server: Server;

  private constructor(
    readonly socketPath: string,
    private readonly onArrival: OnArrival,
    private readonly inheritance: Inheritance,
  ) {
    this.#server = createServer((connection) => this.#accept(connection));
  }

  static async listen(
    socketPath: string,
    onArrival: OnArrival,
    inheritance: Inheritance = {},
  ): Promise<Gate> {
    const gate = new Gate(socketPath, onArrival, inheritance);
    await new Promise<void>((resolve, reject) => {
      gate.#server.once('error', reject);
      gate.#server.listen(socketPath, resolve);
    });
    chmodSync(socketPath, 0o600); // gates need write permission, whatever the umask
    return gate;
  }

  close(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(connection: Socket): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    connection.on('error', () => connection.destroy());
    let received = Buffer.alloc(0);
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const message = wholeMessage(received);
      if (message === 'incomplete') return;
      connection.removeAllListeners('data');
      void this.#admit(connection, message);
    });
  }

  async #admit(connection: Socket, message: GateMessage | 'malformed'): Promise<void> {
    let answer: GateAnswer = { kind: 'run' };
    try {
      if (message !== 'malformed') answer = await this.onArrival(message);
    } finally {
      connection.end(encodeAnswer(answer, this.inheritance));
    }
  }
}

function encodeAnswer(answer: GateAnswer, { fileLimit, ignoredSignals = [] }: Inheritance): Uint8Array {
  if (answer.kind === 'skip') return Buffer.from('s');
  const head = Buffer.alloc(1 + 2 * WORD_BYTES);
  head.write('g');
  head.writeBigUInt64LE(fileLimit === undefined ? AS_IT_IS : BigInt(fileLimit), 1);
  head.writeBigUInt64LE(signalMask(ignoredSignals), 1 + WORD_BYTES);
  const variables = Object.entries(answer.moreVariables ?? {}).map(([name, value]) => `${name}=${value}`);
  return Buffer.concat([head, encodeTexts(answer.moreArguments ?? []), encodeTexts(variables)]);
}

function encodeTexts(texts: readonly string[]): Uint8Array {
  const body = Buffer.from(texts.map((text) => `${text}\0`).join(''));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

function wholeMessage(received: Buffer): GateMessage | 'incomplete' | 'malformed' {
  if (received.length < LENGTH_BYTES) return 'incomplete';
  const length = received.readUInt32LE(0);
  if (length > MAX_MESSAGE_BYTES) return 'malformed';
  if (received.length < LENGTH_BYTES + length) return 'incomplete';
  const fields = received.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + length).split('\0');
  return parseGateMessage(fields) ?? 'malformed';
}

/** Fields: protocol, pid, cwd, executable, number of libraries, libraries, number of arguments, arguments. */
export function parseGateMessage(fields: readonly string[]): GateMessage | undefined {
  const [protocol, pid, cwd, executable, libraryCount, ...rest] = fields;
  if (protocol !== PROTOCOL || cwd === undefined || executable === undefined) return undefined;
  const libraries = rest.slice(0, Number(libraryCount));
  const [argumentCount, ...argumentsAndEnd] = rest.slice(libraries.length);
  const argv = argumentsAndEnd.slice(0, Number(argumentCount));
  if (!Number.isSafeInteger(Number(pid)) || argv.length !== Number(argumentCount)) return undefined;
  return { pid: Number(pid), cwd, executable, libraries, argv };
}
