/**
 * A client of the sampler that does as it likes, run as an ordinary user from a copy of this file: so it imports
 * nothing but Node. `node raw-client.mjs SOCKET REQUESTS WAIT_MS COMMAND…` listens on SOCKET, starts COMMAND with the
 * socket behind it (unless it is empty), sends each of REQUESTS (a JSON list of base64) when it is connected, listens
 * for the time, and prints what came as JSON.
 */
import { spawn } from 'node:child_process';
import { readSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const [socketPath, requests, waitMs, ...command] = process.argv.slice(2) as [
  string,
  string,
  string,
  ...string[],
];
const HEADER_BYTES = 8;
const LOOK_EVERY_MS = 5;
let received = Buffer.alloc(0);
let stderr = '';
let isConnected = false;
let isOpen = false;
let ended: { code: number | null; signal: string | null } | undefined;

const server = createServer({ pauseOnConnect: true }, (connection) => {
  isConnected = true;
  isOpen = true;
  connection.on('error', () => {});
  const looking = setInterval(() => readAll(connection) || leave(), LOOK_EVERY_MS);
  const leave = () => {
    clearInterval(looking);
    isOpen = false;
    connection.destroy();
    finishOnceAllIsRead();
  };
  for (const request of JSON.parse(requests) as string[]) connection.write(Buffer.from(request, 'base64'));
  setTimeout(leave, Number(waitMs));
});

/**
 * By hand, until nothing is there; false at the end of the stream. A read ends early where a descriptor travels along,
 * and Node takes a short read of a socket that was closed for the end: what follows the descriptor would be missing.
 */
function readAll(connection: Socket): boolean {
  const handle = (connection as unknown as { _handle: { fd: number } | null })._handle;
  if (handle === null) return false; // a write has failed: the other side has gone
  const buffer = Buffer.alloc(64 << 10);
  for (;;) {
    try {
      const bytes = readSync(handle.fd, buffer);
      if (bytes === 0) return false;
      received = Buffer.concat([received, buffer.subarray(0, bytes)]);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN';
    }
  }
}

server.listen(socketPath, () => {
  process.stdout.write('listening\n');
  if (command.length === 0) {
    setTimeout(finish, Number(waitMs));
    return;
  }
  const [file, ...args] = command;
  const child = spawn(file!, [...args, socketPath], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.once('close', (code, signal) => {
    ended = { code, signal };
    // Two turns of the event loop: between them whoever has connected before its end is let in.
    setImmediate(() => setImmediate(finishOnceAllIsRead));
  });
});

/** The end of the child can be known before what it wrote has been read. */
function finishOnceAllIsRead(): void {
  if (ended !== undefined && !isOpen) finish();
}

function finish(): void {
  process.stdout.write(`${JSON.stringify({ isConnected, stderr, ended, frames: frames() })}\n`, () =>
    process.exit(0),
  );
}

function frames(): { type: number; payload: string }[] {
  const all = [];
  for (let at = 0; at + HEADER_BYTES <= received.length; ) {
    const end = at + HEADER_BYTES + received.readUInt32LE(at);
    all.push({
      type: received.readUInt16LE(at + 4),
      payload: received.toString('base64', at + HEADER_BYTES, end),
    });
    at = end;
  }
  return all;
}
