import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { buildIdOf } from '../../symbolize/debuginfod/debuginfod-program.js';
import { type DebugServer, serve } from '../../symbolize/debuginfod/debuginfod-server.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot, needsRunsOfRoot } from '../running/needs-root.js';
import { withMounts } from '../running/own-mounts.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { separateDebugFile } from './separated-debug-file.js';

const asRoot = needsRunsOfRoot('mounts, and is root with the home of another');

const servers: DebugServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serving(answer: Parameters<typeof serve>[0]): Promise<DebugServer> {
  const server = await serve(answer);
  servers.push(server);
  return server;
}

/** A fixture whose debug information is nowhere on disk. */
function stripped(): { program: string; debugFile: Buffer } {
  const program = join(scratchDirectory(), 'threads');
  copyFileSync(builtProgram('threads'), program);
  const path = separateDebugFile(program);
  const debugFile = readFileSync(path);
  rmSync(path);
  return { program, debugFile };
}

interface Profiled extends ProfiledRun {
  cache: string;
}

async function profile(program: string, urls: string | undefined, ...flags: string[]): Promise<Profiled> {
  const cache = join(scratchDirectory(), 'cache');
  const env = { DEBUGINFOD_URLS: urls, DEBUGINFOD_CACHE_PATH: cache };
  const args = [...flags, '--frequency', '997', '--', program, '--rounds', '20'];
  return { ...(await profileWith({ command: 'profile-bee', args, env })), cache };
}

function isNamed({ stacks }: ProfiledRun): boolean {
  return stacks.some(({ frames }) => frames.some((frame) => frame.startsWith('threads::')));
}

function codesOf({ summary }: ProfiledRun): string[] {
  return summary.problems.map(({ code }) => code).filter((code) => code.startsWith('debug'));
}

test('a stripped program is named by the debug file of a server', needsRoot, async () => {
  const { program, debugFile } = stripped();
  const path = `/buildid/${buildIdOf(program)}/debuginfo`;
  const server = await serving((asked, response) => {
    if (asked === path) response.end(debugFile);
    else response.writeHead(404).end();
  });
  const run = await profile(program, server.url, '--debuginfod-wait', '60');
  assert.ok(isNamed(run), run.stderr);
  assert.deepEqual(codesOf(run), []);
  assert.equal(server.asked.filter((asked) => asked === path).length, 1);
});

test(
  'without the variable, or with an empty one, nobody is asked and no cache is made',
  needsRoot,
  async () => {
    const { program } = stripped();
    for (const urls of [undefined, '', ' ']) {
      const run = await profile(program, urls);
      assert.ok(!isNamed(run));
      assert.ok(!existsSync(run.cache));
      assert.doesNotMatch(run.stderr, /debug file/);
    }
  },
);

test('a server that is silent costs the names, not the picture, and is told of once', needsRoot, async () => {
  const { program } = stripped();
  let isGivenUp = false;
  const server = await serving((_, response) => {
    response.once('close', () => {
      isGivenUp = true;
    });
  });
  const run = await profile(program, server.url, '--debuginfod-wait', '0');
  assert.ok(!isNamed(run));
  assert.deepEqual(codesOf(run), ['debug-files-late']);
  const { message } = run.summary.problems.find(({ code }) => code === 'debug-files-late')!;
  assert.match(message, /threads.*raise --debuginfod-wait above 0/);
  assert.equal(run.stderr.split(message).length, 2);
  assert.ok(server.asked.length > 0, 'asked while it ran');
  await untilTrue('its request is given up', () => isGivenUp);
});

test(
  'a disk that fills at the last block leaves no part of a file, and the server is not to blame',
  asRoot,
  async () => {
    const { program, debugFile } = stripped();
    const server = await serving((_, response) => void response.end(debugFile));
    const [cache, list] = [join(scratchDirectory(), 'cache'), join(scratchDirectory(), 'list')];
    mkdirSync(cache);
    const pages = Math.ceil(debugFile.length / 4096) - 1;
    const through = [
      ...withMounts(`mount -t tmpfs -o size=${pages * 4096} none ${cache}`),
      ...['/bin/sh', '-c', `"$@"; code=$?; find ${cache} -mindepth 1 > ${list}; exit $code`, 'sh'],
    ];
    const env = { DEBUGINFOD_URLS: server.url, DEBUGINFOD_CACHE_PATH: cache };
    const args = ['--debuginfod-wait', '60', '--frequency', '997', '--', program, '--rounds', '20'];
    const run = await profileWith({ command: 'profile-bee', args, env, through });
    assert.equal(readFileSync(list, 'utf8'), '', 'nothing stays in the cache');
    const [problem, ...others] = run.summary.problems.filter(({ code }) => code.startsWith('debug'));
    assert.ok(problem?.message.startsWith(`${cache} cannot be used: ENOSPC`), JSON.stringify(problem));
    assert.deepEqual(others, []);
  },
);

test('root reads and writes no cache that a user can reach', asRoot, async () => {
  const { program, debugFile } = stripped();
  const server = await serving((_, response) => void response.end(debugFile));
  const home = scratchDirectory();
  const target = scratchDirectory();
  symlinkSync(target, join(home, '.cache'));
  execFileSync('chown', ['--no-dereference', '1', join(home, '.cache')]);
  const env = { DEBUGINFOD_URLS: server.url, HOME: home, XDG_CACHE_HOME: undefined };
  const args = ['--verbose', '--frequency', '997', '--', program, '--rounds', '20'];
  const run = await profileWith({ command: 'profile-bee', args, env });
  assert.deepEqual(readdirSync(target), []);
  assert.match(run.stderr, /debuginfod_client cannot be used: it is in the folder of another user/);
  assert.match(run.stderr, /there is no symbol cache: this user has no cache folder of their own/);
  assert.ok(!isNamed(run));
});

test('what is no server is refused by name, and the run goes on', needsRoot, async () => {
  const { program } = stripped();
  const run = await profile(program, 'file:///usr/lib/debug http://user:secret@localhost nonsense');
  assert.deepEqual(codesOf(run), ['debuginfod-url', 'debuginfod-url', 'debuginfod-url']);
  assert.doesNotMatch(JSON.stringify(run.summary) + run.stderr, /secret/);
});
