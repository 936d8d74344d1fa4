import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  createReadStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import {
  ReservedFile,
  reserveOutput,
  reserveUnique,
} from '../../../src/surfaces/cli/outputs/reserve-outputs.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bee-outputs-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('nothing stands at the path until the content is whole', () => {
  const path = join(directory, 'out.svg');
  const file = ReservedFile.reserve(path);
  assert.ok(!readdirSync(directory).includes('out.svg'));
  assert.equal(file.commit(['<svg>é</svg>']), 13);
  assert.equal(readFileSync(path, 'utf8'), '<svg>é</svg>');
  assert.deepEqual(readdirSync(directory), ['out.svg']);
});

test('an older file stays as it was until then, and a discarded run leaves it', () => {
  const path = join(directory, 'out.svg');
  writeFileSync(path, 'older');
  const file = ReservedFile.reserve(path);
  assert.equal(readFileSync(path, 'utf8'), 'older');
  file.discard();
  assert.equal(readFileSync(path, 'utf8'), 'older');
  assert.deepEqual(readdirSync(directory), ['out.svg']);
});

test('a discard after the commit removes nothing', () => {
  const file = ReservedFile.reserve(join(directory, 'a'));
  file.commit(['x']);
  file.discard();
  assert.deepEqual(readdirSync(directory), ['a']);
});

test('what cannot be written is refused at once, with the path and nothing left', () => {
  writeFileSync(join(directory, 'plain'), '');
  mkdirSync(join(directory, 'folder.svg'));
  for (const path of ['missing/out.svg', 'plain/out.svg', 'folder.svg', 'folder.svg/']) {
    assert.throws(
      () => ReservedFile.reserve(join(directory, path)),
      (error) => error instanceof UsageError && error.message.includes(join(directory, path)),
      path,
    );
  }
  assert.deepEqual(readdirSync(directory).sort(), ['folder.svg', 'plain']);
});

test('devices are written, not replaced', async () => {
  const file = reserveOutput('/dev/null');
  await file.commit(['x']);
  assert.ok(statSync('/dev/null').isCharacterDevice());
});

test('a symbolic link keeps pointing: its target gets the content', () => {
  writeFileSync(join(directory, 'real.svg'), 'older');
  symlinkSync('real.svg', join(directory, 'latest.svg'));
  ReservedFile.reserve(join(directory, 'latest.svg')).commit(['new']);
  assert.equal(readFileSync(join(directory, 'latest.svg'), 'utf8'), 'new');
  assert.equal(readFileSync(join(directory, 'real.svg'), 'utf8'), 'new');
});

test('a replaced file keeps its permissions', () => {
  const path = join(directory, 'out.svg');
  writeFileSync(path, 'older');
  chmodSync(path, 0o640);
  ReservedFile.reserve(path).commit(['new']);
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('default names tell target and local time, and never overwrite', () => {
  const now = new Date(2026, 0, 31, 4, 5, 6);
  const folder = join(directory, 'target', 'profiles');
  const names = [1, 2, 3].map(() => {
    const file = reserveUnique(folder, 'my server', '.svg', now);
    file.commit(['x']);
    return file.path.slice(folder.length + 1);
  });
  assert.equal(new Set(names).size, 3);
  assert.match(names[0]!, /^my_server-2026-01-31.04.05.06\.svg$/);
  assert.deepEqual(readdirSync(folder).sort(), [...names].sort());
});

test('two runs in the same second get two names even before either has written', () => {
  const now = new Date(2026, 0, 31, 4, 5, 6);
  const first = reserveUnique(directory, 'x', '.svg', now);
  const second = reserveUnique(directory, 'x', '.svg', now);
  assert.notEqual(first.path, second.path);
  first.discard();
  second.discard();
  assert.deepEqual(readdirSync(directory), []);
});

/** Another process, which holds what it has reserved there until it is killed. */
async function anotherRun(reserve: string): Promise<{ kill(): Promise<void> }> {
  const module = new URL('../../../src/surfaces/cli/outputs/reserve-outputs.js', import.meta.url);
  const script = `import { ReservedFile, reserveUnique } from '${module}'; const [directory] = process.argv.slice(1);
    ${reserve}; console.log('reserved'); setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '--eval', script, directory];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { kill };
}

test('what a killed run left is removed by the next; what is in use, or is not ours, stays', async () => {
  const other = await anotherRun('ReservedFile.reserve(directory + "/out.svg")');
  const held = readdirSync(directory);
  assert.match(held.join(), /^\.out\.svg\.bee-[0-9a-f]{8}\.tmp$/);
  const strange = ['.out.svg.1234.tmp', '.notes.bee-tmp'];
  for (const name of strange) writeFileSync(join(directory, name), '');
  symlinkSync('/etc/passwd', join(directory, '.out.svg.bee-00000000.tmp'));
  mkdirSync(join(directory, '.out.svg.bee-11111111.tmp'));
  const stays = [...strange, '.out.svg.bee-00000000.tmp', '.out.svg.bee-11111111.tmp'].sort();
  ReservedFile.reserve(join(directory, 'other.svg')).discard();
  assert.deepEqual(readdirSync(directory).sort(), [...stays, ...held].sort());
  await other.kill();
  ReservedFile.reserve(join(directory, 'other.svg')).discard();
  assert.deepEqual(readdirSync(directory).sort(), stays);
});

test('a run keeps its default name from others until it is killed', async () => {
  const date = 'new Date(2026, 0, 31, 4, 5, 6)';
  const other = await anotherRun(`reserveUnique(directory, 'x', '.svg', ${date})`);
  const nameOf = () => {
    const file = reserveUnique(directory, 'x', '.svg', new Date(2026, 0, 31, 4, 5, 6));
    file.discard();
    return basename(file.path);
  };
  assert.equal(nameOf(), 'x-2026-01-31T04-05-06-2.svg');
  await other.kill();
  assert.equal(nameOf(), 'x-2026-01-31T04-05-06.svg');
  assert.deepEqual(readdirSync(directory), []);
});

test('a link to nowhere gets its target; links in a circle, sockets and disks are refused', async () => {
  symlinkSync('later.svg', join(directory, 'latest.svg'));
  ReservedFile.reserve(join(directory, 'latest.svg')).commit(['new']);
  assert.equal(readlinkSync(join(directory, 'latest.svg')), 'later.svg');
  assert.equal(readFileSync(join(directory, 'later.svg'), 'utf8'), 'new');
  symlinkSync('circle', join(directory, 'circle'));
  const server = createServer().listen(join(directory, 'socket'));
  await once(server, 'listening');
  for (const [name, why] of Object.entries({ circle: /circle/, socket: /socket/ }))
    assert.throws(() => reserveOutput(join(directory, name)), why);
  server.close();
});

test('one file by two names is refused; two hard links are two files', () => {
  writeFileSync(join(directory, 'a.svg'), '');
  symlinkSync('a.svg', join(directory, 'link.svg'));
  linkSync(join(directory, 'a.svg'), join(directory, 'hard.svg'));
  const files = ['a.svg', 'hard.svg'].map((name) => ReservedFile.reserve(join(directory, name)));
  assert.throws(
    () => ReservedFile.reserve(join(directory, 'link.svg')),
    /link\.svg: it is the same file as .*a\.svg/,
  );
  for (const file of files) file.commit([file.path]);
  for (const { path } of files) assert.equal(readFileSync(path, 'utf8'), path);
});

test('a name as long as a file system takes leaves room for ours', () => {
  const path = join(directory, `${'é'.repeat(125)}.svg`);
  ReservedFile.reserve(path).commit(['x']);
  assert.equal(readFileSync(path, 'utf8'), 'x');
  assert.throws(() => ReservedFile.reserve(`${path}12`), /the name is too long/);
});

test('a folder that the program has emptied, or made again, still gets the file; one that is gone does not', () => {
  const folder = join(directory, 'target');
  mkdirSync(folder);
  const [kept, lost] = ['a', 'b'].map((name) => ReservedFile.reserve(join(folder, name)));
  rmSync(folder, { recursive: true });
  assert.throws(() => lost!.commit(['x']), /b: the folder does not exist/);
  mkdirSync(folder);
  kept!.commit(['x']);
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('a pipe waits for its reader without blocking, and the wait can be ended', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const ending = new AbortController();
  const said: string[] = [];
  const waiting = { signal: ending.signal, say: (text: string) => void said.push(text) };
  const unread = reserveOutput(pipe).commit(['x'], waiting);
  while (said.length === 0) await sleep(10);
  assert.match(said.join(), /waiting for a reader of .*pipe/);
  ending.abort(new Error('given up'));
  await assert.rejects(async () => unread, /given up/);

  const long = 'é'.repeat(200_000);
  const written = reserveOutput(pipe).commit([long, 'end\n']);
  assert.equal(await text(createReadStream(pipe)), `${long}end\n`);
  assert.equal(await written, 400_004);
});

test('a reader that goes away fails this output; one that waits while a run fails finds the end', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('head', ['-c', '1', pipe]);
  const ended = once(reader, 'exit');
  const file = reserveOutput(pipe);
  await assert.rejects(
    async () => file.commit(['x'.repeat(1 << 20)]),
    /cannot write .*pipe: its reader has closed it/,
  );
  await ended;
  const unwritten = reserveOutput(pipe);
  const waiting = spawn('cat', [pipe]);
  const end = once(waiting, 'exit');
  await sleep(200);
  unwritten.discard();
  assert.deepEqual(await end, [0, null]);
});
