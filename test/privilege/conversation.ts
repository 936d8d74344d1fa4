import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  decodeSamplerEvent,
  encodeAdd,
  encodeStart,
  MESSAGE,
  type SamplerEvent,
} from '../../src/ffi/sampler-messages.js';
import { decodeRecord } from '../../src/ffi/wire/fields.js';
import { OBJECT_LAYOUT } from '../../src/ffi/wire/protocol.js';
import { directoryOf } from '../kernel/running/bee-user.js';
import type { OrdinaryUser } from '../packaging/account.js';

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
  return frame(MESSAGE.start, encodeStart({ ...request, ringBytes, checksUnwinding: false }));
}

export function add(
  pid: number,
  { requestId = 1, isHeld = false, paths = [] as readonly string[] } = {},
): Buffer {
  return frame(MESSAGE.target, encodeAdd({ requestId, pid, isHeld, paths }));
}

export function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

export const STOP = frame(MESSAGE.stop);

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

function eventsOf<K extends SamplerEvent['kind']>(
  { frames }: Conversation,
  kind: K,
): Extract<SamplerEvent, { kind: K }>[] {
  const packed: readonly number[] = [MESSAGE.stacks, MESSAGE.counts, MESSAGE.object, MESSAGE.jitDump];
  const messages = frames.filter(({ type }) => !packed.includes(type));
  const events = messages.map(({ type, payload }) => decodeSamplerEvent(type, payload));
  return events.filter((event): event is Extract<SamplerEvent, { kind: K }> => event.kind === kind);
}

/** errno of each ADDED, by request. */
export function errnosOf(conversation: Conversation): Record<number, number> {
  const added = eventsOf(conversation, 'added');
  return Object.fromEntries(added.map(({ requestId, errno }) => [requestId, errno]));
}

/** Paths of the files that came, each with whether a descriptor came with it. */
export function objectsOf({ frames }: Conversation): Map<string, boolean> {
  const objects = frames.filter(({ type }) => type === MESSAGE.object);
  return new Map(
    objects.map(({ payload }) => {
      const { path, hasDescriptor } = decodeRecord(OBJECT_LAYOUT, payload);
      return [Buffer.from(path).toString(), hasDescriptor];
    }),
  );
}

/** Its code and what it says beside it, as `need 501, taken 501`; `started` where the session began. */
export function answerOf(conversation: Conversation): string {
  if (eventsOf(conversation, 'started').length > 0) return 'started';
  const [failed] = eventsOf(conversation, 'failed');
  const { code, ...fields } = failed?.failure ?? { code: undefined };
  const said = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return `${code}: ${said.join(', ')}`;
}

/** The last totals. */
export function totalsOf(conversation: Conversation): Record<string, number> {
  return { ...(eventsOf(conversation, 'totals').at(-1)?.totals as unknown as Record<string, number>) };
}
