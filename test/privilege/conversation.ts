import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { encodeStart } from '../../src/ffi/sampler-messages.js';
import { directoryOf } from '../kernel/running/bee-user.js';
import type { OrdinaryUser } from '../packaging/account.js';

/** Numbers of native/sampler/src/serve/protocol.rs. */
export const TYPE = {
  start: 1,
  add: 2,
  stop: 3,
  started: 102,
  added: 103,
  object: 104,
  stacks: 105,
  totals: 108,
  failed: 111,
} as const;
const OBJECT_HEAD_BYTES = 56;

export interface Frame {
  type: number;
  payload: Buffer;
}

/** What one session of a raw client gave. `ended`: how the sampler did. */
export interface Conversation {
  isConnected: boolean;
  stderr: string;
  ended: { code: number | null; signal: string | null };
  frames: Frame[];
}

export function frame(type: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt16LE(type, 4);
  return Buffer.concat([head, payload]);
}

export function start({ ringBytes = 1 << 20, frequencyHz = 997, tableMiB = 40 } = {}): Buffer {
  const request = {
    frequencyHz,
    unwinder: 'dwarf',
    event: 'cpu-clock',
    maxDepth: 1024,
    tableMiB,
  } as const;
  return frame(TYPE.start, encodeStart({ ...request, ringBytes, checksUnwinding: false }));
}

export function add(
  pid: number,
  { requestId = 1, isHeld = false, paths = [] as readonly string[] } = {},
): Buffer {
  const head = words([requestId, pid, isHeld ? 1 : 0, 0, paths.length]);
  return frame(TYPE.add, Buffer.concat([head, ...paths.map((path) => Buffer.from(`${path}\0`))]));
}

export function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

export const STOP = frame(TYPE.stop);

/** Lets `user` listen, start `sampler` and send; without a sampler somebody else has to come. */
export async function converse(
  user: OrdinaryUser,
  sampler: string | undefined,
  requests: readonly Buffer[],
  {
    // A sampler that is asked to stop ends the conversation itself, on a busy machine later.
    waitMs = requests.includes(STOP) ? 20_000 : 1_500,
    socket = join(directoryOf(user), 'sampler'),
  } = {},
): Promise<Conversation> {
  const { child } = startListening(user, socket, requests, waitMs, sampler);
  return parse(await text(child.stdout!));
}

export interface Listener {
  child: ChildProcess;
  socket: string;
}

export function startListening(
  user: OrdinaryUser,
  socket: string,
  requests: readonly Buffer[],
  waitMs: number,
  sampler?: string,
): Listener {
  const script = join(directoryOf(user, 0o755), 'raw-client.mjs');
  copyFileSync(join(import.meta.dirname, 'raw-client.js'), script);
  const encoded = JSON.stringify(requests.map((request) => request.toString('base64')));
  const command = sampler === undefined ? [] : [sampler];
  const args = [script, socket, encoded, String(waitMs), ...command];
  const child = spawn(...asUser(user, [process.execPath, ...args]), { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, socket };
}

/** For `spawn`: the command, as that user. */
export function asUser(
  { uid, gid }: OrdinaryUser,
  command: readonly string[],
): [file: string, args: string[]] {
  return ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--', ...command]];
}

export function parse(output: string): Conversation {
  const said = JSON.parse(output.replace(/^listening\n/, '')) as Omit<Conversation, 'frames'> & {
    frames: { type: number; payload: string }[];
  };
  const frames = said.frames.map(({ type, payload }) => ({ type, payload: Buffer.from(payload, 'base64') }));
  return { ...said, frames };
}

/** errno of each ADDED, by request. */
export function errnosOf({ frames }: Conversation): Record<number, number> {
  const added = frames.filter(({ type }) => type === TYPE.added);
  return Object.fromEntries(added.map(({ payload }) => [payload.readUInt32LE(0), payload.readUInt32LE(4)]));
}

/** Paths of the files that came, each with whether a descriptor came with it. */
export function objectsOf({ frames }: Conversation): Map<string, boolean> {
  const objects = frames.filter(({ type }) => type === TYPE.object);
  return new Map(
    objects.map(({ payload }) => {
      const path = payload.toString('utf8', OBJECT_HEAD_BYTES, OBJECT_HEAD_BYTES + payload.readUInt32LE(4));
      return [path, (payload.readUInt32LE(12) & 1) !== 0];
    }),
  );
}

/** Its code and what it says beside it, as `need 501, taken 501`; `started` where the session began. */
export function answerOf({ frames }: Conversation): string {
  if (frames.some(({ type }) => type === TYPE.started)) return 'started';
  const failed = frames.find(({ type }) => type === TYPE.failed);
  const { code, ...fields } = JSON.parse(failed?.payload.toString() ?? '{}') as Record<string, unknown>;
  const said = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return `${code}: ${said.join(', ')}`;
}

/** The last totals. */
export function totalsOf({ frames }: Conversation): Record<string, number> {
  const totals = frames.filter(({ type }) => type === TYPE.totals).at(-1);
  return totals === undefined ? {} : (JSON.parse(totals.payload.toString()) as Record<string, number>);
}
