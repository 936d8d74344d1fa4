import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { scratchDirectory } from '../../ffi/scratch-directory.js';
import { commandPath } from '../../kernel/running/repository.js';
import { type StrippedProgram, strippedProgram } from './debuginfod-program.js';
import { ask, emptyCache } from './debuginfod-run.js';
import { serve } from './debuginfod-server.js';

/** What elfutils' client answers: the path of the file, or undefined. */
async function find(buildId: string, env: Record<string, string>): Promise<string | undefined> {
  try {
    const options = { env: { PATH: process.env.PATH, HOME: scratchDirectory('bee-home-'), ...env } };
    const { stdout } = await promisify(execFile)('debuginfod-find', ['debuginfo', buildId], options);
    return stdout.trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** elfutils' server over a folder with the program's debug file; resolves when it has read the folder. */
async function startRealServer(
  { buildId, debugFile }: StrippedProgram,
  context: TestContext,
): Promise<string> {
  const folder = join(scratchDirectory('bee-debuginfod-'), 'files');
  mkdirSync(folder);
  writeFileSync(join(folder, 'program.debug'), debugFile);
  const port = await freePort();
  const args = ['-F', '-d', ':memory:', '-p', String(port), folder];
  const child = spawn('debuginfod', args, { stdio: 'ignore' });
  context.after(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 300; attempt++) {
    const response = await fetch(`${url}/buildid/${buildId}/debuginfo`).catch(() => undefined);
    if (response?.status === 200) return url;
    await sleep(100);
  }
  throw new Error('debuginfod does not serve its folder');
}

test("elfutils' server, and its client takes from the cache what we have put there", async (context) => {
  const program = strippedProgram();
  const env = {
    DEBUGINFOD_URLS: await startRealServer(program, context),
    DEBUGINFOD_CACHE_PATH: emptyCache(),
  };
  const { report, name } = await ask(program, env);
  assert.deepEqual([report, name], [{ asked: 1, came: 1, late: [], failures: [] }, 'hidden:1']);
  const path = await find(program.buildId, { ...env, DEBUGINFOD_URLS: 'http://127.0.0.1:1' });
  assert.equal(path, join(env.DEBUGINFOD_CACHE_PATH, program.buildId, 'debuginfo'));
});

test("what elfutils' client has put into the cache is taken, and nobody is asked", async (context) => {
  const program = strippedProgram();
  const env = {
    DEBUGINFOD_URLS: await startRealServer(program, context),
    DEBUGINFOD_CACHE_PATH: emptyCache(),
  };
  assert.ok(await find(program.buildId, env));
  const { report, name } = await ask(program, { ...env, DEBUGINFOD_URLS: 'http://127.0.0.1:1' });
  assert.deepEqual([report, name], [{ asked: 0, came: 0, late: [], failures: [] }, 'hidden:1']);
});

test('that no server has it is remembered for the client, and by it for us', async (context) => {
  const server = await serve((_, response) => response.writeHead(404).end());
  context.after(() => server.close());
  for (const isClientFirst of [true, false]) {
    const program = strippedProgram();
    const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: emptyCache() };
    server.asked.length = 0;
    const both = [async () => await find(program.buildId, env), async () => await ask(program, env)];
    for (const question of isClientFirst ? both : both.reverse()) await question();
    assert.equal(server.asked.length, 1);
  }
});

test('inspect symbolize looks into the cache where the variable is set, and asks nobody', async (context) => {
  const server = await serve((_, response) => response.writeHead(404).end());
  context.after(() => server.close());
  const { path, buildId, debugFile, address } = strippedProgram();
  const cache = emptyCache();
  mkdirSync(join(cache, buildId), { recursive: true });
  writeFileSync(join(cache, buildId, 'debuginfo'), debugFile);
  const inspect = async (urls: string) => {
    const env = { ...process.env, DEBUGINFOD_URLS: urls, DEBUGINFOD_CACHE_PATH: cache };
    const args = [commandPath('profile-bee'), 'inspect', 'symbolize', path];
    const running = promisify(execFile)(process.execPath, args, { env });
    running.child.stdin!.end(`${address.toString(16)}\n`);
    return (await running).stdout;
  };
  assert.match(await inspect(server.url), /^hidden\n.*program\.c:1:/);
  assert.doesNotMatch(await inspect(''), /hidden/);
  assert.deepEqual(server.asked, []);
});
