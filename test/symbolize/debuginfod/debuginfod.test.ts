import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { afterEach, test } from 'node:test';
import { SamplerConnection } from '../../../src/ffi/sampler-connection.js';
import { DebugDownloads } from '../../../src/symbolize/debuginfod/debug-downloads.js';
import { debuginfodSettings } from '../../../src/symbolize/debuginfod/settings.js';
import { scratchDirectory } from '../../ffi/scratch-directory.js';
import { buildIdOf, type StrippedProgram, strippedProgram } from './debuginfod-program.js';
import { ask, emptyCache } from './debuginfod-run.js';
import { type DebugServer, serve } from './debuginfod-server.js';

const OBJECT = 1;

const servers: DebugServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serving(answer: (path: string, response: ServerResponse) => void): Promise<DebugServer> {
  const server = await serve(answer);
  servers.push(server);
  return server;
}

function has({ buildId, debugFile }: StrippedProgram) {
  return (path: string, response: ServerResponse) => {
    if (path === `/buildid/${buildId}/debuginfo`) response.end(debugFile);
    else response.writeHead(404).end();
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

test('a debug file is asked for, named with, and kept for the next run as the client keeps it', async () => {
  const program = strippedProgram();
  const server = await serving(has(program));
  const cache = emptyCache();
  const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache };
  assert.deepEqual(await ask(program, env), {
    report: { asked: 1, came: 1, late: [], failures: [] },
    name: 'hidden:1',
  });
  assert.deepEqual(server.asked, [`/buildid/${program.buildId}/debuginfo`]);
  assert.deepEqual(filesIn(cache), [program.buildId, `${program.buildId}/debuginfo`]);
  assert.equal(statSync(join(cache, program.buildId, 'debuginfo')).mode & 0o777, 0o400);
  assert.equal(statSync(cache).mode & 0o777, 0o700);

  const again = await ask(program, env);
  assert.deepEqual([again.report.asked, again.name], [0, 'hidden:1']);
  assert.equal(server.asked.length, 1);
});

test('what a killed download left goes with the next for that file; the client’s own stays', async () => {
  const program = strippedProgram();
  const server = await serving(has(program));
  const cache = emptyCache();
  const folder = join(cache, program.buildId);
  mkdirSync(folder, { recursive: true });
  for (const name of ['debuginfo.bee-0a1b2c3d', 'debuginfo.Ab3dEf'])
    writeFileSync(join(folder, name), 'half');
  const { name } = await ask(program, { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache });
  assert.equal(name, 'hidden:1');
  assert.deepEqual(filesIn(folder), ['debuginfo', 'debuginfo.Ab3dEf']);
});

test('who has debug information, or its file on disk, is not asked for', async () => {
  const server = await serving((_, response) => response.writeHead(404).end());
  const whole = strippedProgram();
  writeFileSync(whole.path, whole.debugFile);
  const separate = strippedProgram();
  writeFileSync(`${separate.path}.debug`, separate.debugFile);
  execFileSync('objcopy', [`--add-gnu-debuglink=${separate.path}.debug`, separate.path]);
  const nameless = strippedProgram('-Wl,--build-id=none');
  for (const program of [whole, separate, nameless]) {
    const { report } = await ask(program, {
      DEBUGINFOD_URLS: server.url,
      DEBUGINFOD_CACHE_PATH: emptyCache(),
    });
    assert.deepEqual([report.asked, server.asked], [0, []]);
  }
});

test('that no server has it is remembered, as long as the folder says', async () => {
  const program = strippedProgram();
  const server = await serving((_, response) => response.writeHead(404).end());
  const cache = emptyCache();
  const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache };
  const nothing = { came: 0, late: [], failures: [] };
  assert.deepEqual((await ask(program, env)).report, { asked: 1, ...nothing });
  assert.deepEqual((await ask(program, env)).report, { asked: 0, ...nothing });
  const remembered = join(cache, program.buildId, 'debuginfo');
  assert.equal(statSync(remembered).size, 0);

  const past = statSync(remembered).mtimeMs / 1000 - 700;
  utimesSync(remembered, past, past);
  writeFileSync(join(cache, 'cache_miss_s'), '3600');
  await ask(program, env);
  assert.equal(server.asked.length, 1);
  writeFileSync(join(cache, 'cache_miss_s'), '600');
  await ask(program, env);
  assert.equal(server.asked.length, 2);
});

const LIES: Record<
  string,
  [why: RegExp, answer: (response: ServerResponse) => void, env?: Record<string, string>]
> = {
  'a page': [
    / sends a file that is not ELF$/,
    (response) => response.end('<!DOCTYPE html><html>'.padEnd(5000, 'x')),
  ],
  'garbage behind the first bytes': [
    / sends a file with another build id$/,
    (response) => response.end(Buffer.from('\x7fELF'.padEnd(5000, 'x'), 'latin1')),
  ],
  'the file of another build': [
    / sends a file with another build id$/,
    (response) => response.end(strippedProgram('-DOTHER', '-O1').debugFile),
  ],
  nothing: [/ sends a file with another build id$/, (response) => response.end()],
  'a body without an end': [
    / sends more than 1000000 bytes$/,
    (response) => {
      response.write('\x7fELF');
      const more = (): void => {
        if (response.destroyed) return;
        if (response.write(Buffer.alloc(100_000))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    },
    { DEBUGINFOD_MAXSIZE: '1000000' },
  ],
  'a byte now and then': [
    / sends less than 100 KiB in 1 s$/,
    (response) => {
      response.write('\x7fELF');
      const timer = setInterval(() => response.write('x'), 50);
      response.once('close', () => clearInterval(timer));
    },
    { DEBUGINFOD_TIMEOUT: '1' },
  ],
  'headers, and nothing after them': [
    / takes longer than 1 s$/,
    (response) => response.writeHead(200).flushHeaders(),
    { DEBUGINFOD_MAXTIME: '1' },
  ],
  'half of a file': [
    / fails: /,
    (response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('\x7fELF', () => response.destroy());
    },
  ],
  'a redirection to a file': [
    / fails: /,
    (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  ],
  'redirections without an end': [
    / fails: /,
    (response) => response.writeHead(302, { location: '/again' }).end(),
  ],
  'an error': [/ answers with 500$/, (response) => response.writeHead(500).end()],
};

for (const [lie, [why, answer, env]] of Object.entries(LIES)) {
  test(`${lie} is refused, and nothing of it stays`, async () => {
    const program = strippedProgram();
    const server = await serving((_, response) => answer(response));
    const cache = emptyCache();
    const { report, name } = await ask(program, {
      DEBUGINFOD_URLS: server.url,
      DEBUGINFOD_CACHE_PATH: cache,
      ...env,
    });
    assert.equal(name, '');
    assert.equal(report.came, 0);
    const [failure] = report.failures;
    assert.match(`${failure?.place} ${failure?.why}`, why);
    assert.ok(failure?.place.startsWith(server.url));
    assert.deepEqual(failure?.files, ['program']);
    assert.deepEqual(filesIn(cache), []);
  });
}

test('the server that has it is taken, beside one that lies, one that is silent and one that is not there', async () => {
  const program = strippedProgram();
  const lying = await serving((_, response) => response.end('lies'));
  const silent = await serving(() => {});
  const good = await serving((path, response) => void lying.reached.then(() => has(program)(path, response)));
  const urls = [lying.url, silent.url, 'http://127.0.0.1:1', `${good.url}/`];
  const env = { DEBUGINFOD_URLS: urls.join(' '), DEBUGINFOD_CACHE_PATH: emptyCache() };
  const { report, name } = await ask(program, env);
  assert.deepEqual([report.came, name], [1, 'hidden:1']);
});

test('a miss is not remembered where a server could not tell', async () => {
  const program = strippedProgram();
  const server = await serving((_, response) => response.writeHead(404).end());
  const cache = emptyCache();
  const env = { DEBUGINFOD_URLS: `${server.url} http://127.0.0.1:1`, DEBUGINFOD_CACHE_PATH: cache };
  const { report } = await ask(program, env);
  assert.match(report.failures[0]?.why ?? '', /ECONNREFUSED|bad port/);
  assert.deepEqual(filesIn(cache), []);
});

test('what a silent server does not send is late, and its request is given up with the run', async () => {
  const program = strippedProgram();
  let isGivenUp = false;
  const server = await serving((_, response) => response.once('close', () => (isGivenUp = true)));
  const cache = emptyCache();
  const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache };
  using session = SamplerConnection.withoutSampler();
  session.addObject(OBJECT, program.path);
  const downloads = new DebugDownloads(session, debuginfodSettings(env)!);
  await server.reached; // while the program runs, before anybody waits
  const report = await downloads.settle(0);
  assert.deepEqual(report, { asked: 1, came: 0, late: ['program'], failures: [] });
  assert.equal(isGivenUp, false);
  downloads.close();
  assert.deepEqual(filesIn(cache), []);
});

test('what dwz moved out of a debug file is asked for after it', async () => {
  const [program, other] = [strippedProgram(), strippedProgram('-DOTHER')];
  const folder = scratchDirectory('bee-dwz-');
  const [debug, second, supplement] = ['debug', 'second', 'supplement'].map((name) => join(folder, name));
  writeFileSync(debug!, program.debugFile);
  writeFileSync(second!, other.debugFile);
  execFileSync('dwz', ['-m', supplement!, '-M', '/nowhere/supplement', debug!, second!]);
  const moved = { ...program, debugFile: readFileSync(debug!) };
  const both = [moved, { ...program, buildId: buildIdOf(supplement!), debugFile: readFileSync(supplement!) }];
  const server = await serving((path, response) => {
    const found = both.find(({ buildId }) => path.includes(buildId));
    has(found ?? moved)(path, response);
  });
  const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: emptyCache() };
  const { report, name } = await ask(program, env);
  assert.deepEqual(report, { asked: 2, came: 2, late: [], failures: [] });
  assert.equal(name, 'hidden:1');
});

test('a file in the cache that is none is named, and nobody is asked', async () => {
  const program = strippedProgram();
  const server = await serving(has(program));
  const cache = emptyCache();
  const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache };
  await ask(program, env);
  const cached = join(cache, program.buildId, 'debuginfo');
  const other = strippedProgram('-DOTHER', '-O1').debugFile;
  writeFileSync(`${cached}.new`, other);
  renameSync(`${cached}.new`, cached);
  const { report, name } = await ask(program, env);
  assert.equal(name, '');
  assert.equal(report.failures[0]?.place, cached);
  assert.equal(server.asked.length, 1);
});

test('a cache that cannot be written costs the files, and is named once', async () => {
  const program = strippedProgram();
  const server = await serving(has(program));
  const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: '/proc/no-such-folder' };
  const { report } = await ask(program, env);
  assert.match(report.failures[0]?.why ?? '', /^cannot be used: /);
  assert.deepEqual(server.asked, []);
});

const skip = process.getuid?.() === 0 ? false : 'needs root';
test("root leaves nothing in another user's folder", { skip }, async () => {
  const program = strippedProgram();
  const server = await serving(has(program));
  const cache = emptyCache();
  chownSync(dirname(cache), 12345, 12345);
  const { report } = await ask(program, { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache });
  assert.match(report.failures[0]?.why ?? '', /of another user/);
  assert.deepEqual([filesIn(dirname(cache)), server.asked], [[], []]);
});
