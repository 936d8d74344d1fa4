/**
 * A client of the sampler that does as it likes, run as an ordinary user from a copy of this file: so it imports
 * nothing but Node. `node raw-client.mjs SOCKET REQUESTS WAIT_MS COMMAND…` listens on SOCKET, starts COMMAND with the
 * socket behind it (unless it is empty), sends each of REQUESTS (a JSON list of base64) when it is connected, listens
 * for the time, and prints what came as JSON.
 */
import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';

const [socketPath, requests, waitMs, ...command] = process.argv.slice(2) as [
  string,
  string,
  string,
  ...string[],
];
const HEADER_BYTES = 8;
let received = Buffer.alloc(0);
let stderr = '';
let isConnected = false;
let ended: { code: number | null; signal: string | null } | undefined;

const server = createServer((connection) => {
  isConnected = true;
  connection.on('error', () => {});
  connection.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  for (const request of JSON.parse(requests) as string[]) connection.write(Buffer.from(request, 'base64'));
  setTimeout(() => hangUp(connection), Number(waitMs));
});

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
    finish();
  });
});

function hangUp(connection: Socket): void {
  connection.destroy();
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
