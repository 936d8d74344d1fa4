import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of ours in place of a debuginfod; `asked`: the paths of its requests, in their order. */
export interface DebugServer {
  url: string;
  asked: string[];
  /** Resolves when the first request has come. */
  reached: Promise<unknown>;
  close(): void;
}

export async function serve(answer: (path: string, response: ServerResponse) => void): Promise<DebugServer> {
  const asked: string[] = [];
  const listener: RequestListener = ({ url = '' }, response) => {
    asked.push(url);
    answer(url, response);
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  const reached = once(server, 'request');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, reached, close };
}
