import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { needsRoot } from '../kernel/running/needs-root.js';
import { repositoryRoot } from '../kernel/running/repository.js';
import { ownAccount } from './account.js';
import { barePath } from './bare-path.js';
import { installTarball, runAs } from './installation.js';

let directory: string;
const account = () => ownAccount(barePath());
before(() => (directory = installTarball(account())));

test('the example of the documentation runs against the packed package', needsRoot, () => {
  const { status, stdout, stderr } = runExample('example.mjs', example());
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  const counts = Array.from(stdout.matchAll(/^(\d+): (\d+) samples, [\d.]+ % complete$/gm), (match) =>
    match.slice(1, 3).map(Number),
  );
  assert.ok(counts.length >= 2, stdout);
  assert.deepEqual(
    counts.map(([number]) => number),
    counts.map((_, index) => index + 1),
  );
  assert.ok(counts.reduce((sum, [, samples]) => sum + samples!, 0) > 300, stdout);
  assert.ok(
    lines.some((line) => /^ {2}\d+ \S/.test(line)),
    stdout,
  );
});

test('require takes it, too', () => {
  const { status, stdout } = runExample('a.cjs', "console.log(typeof require('cargo-profile-bee').openRun)");
  assert.equal(status, 0);
  assert.equal(stdout, 'function\n');
});

test('its types say what the example may do, and refuse what it may not', () => {
  const check = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    const compiler = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = join(repositoryRoot, 'node_modules', '@types');
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'];
    const modules = ['--module', 'nodenext', '--typeRoots', types, '--types', 'node'];
    const run = runAs({ env: process.env }, directory, [
      process.execPath,
      compiler,
      ...options,
      ...modules,
      name,
    ]);
    return run.stdout;
  };
  assert.equal(
    check(
      'good.mts',
      example().replace('let run;', 'let run: Awaited<ReturnType<typeof openRun>> | undefined;'),
    ),
    '',
  );
  assert.match(
    check('bad.mts', "import { openRun } from 'cargo-profile-bee';\nawait openRun({ frequencyHz: 'a' });"),
    /frequencyHz|string/,
  );
});

test('errors are codes, without the arguments of the target', needsRoot, () => {
  const text = `
    import { openRun } from 'cargo-profile-bee';
    const codeOf = (options) => openRun(options).then((run) => run.close(), ({ code, message }) => code + ': ' + message);
    for (const options of [
      { command: ['/no/such/secret', '--password=hunter2'] },
      { command: ['true'], frequencyHz: 0 },
      { command: ['true'], frequency: 1 },
      { pid: 2 ** 22 + 1 },
      { command: ['true'], pid: 1 },
    ]) console.log(await codeOf(options));`;
  const { stdout, stderr } = runExample('errors.mjs', text);
  const codes = stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/:.*/, ''));
  assert.deepEqual(
    codes,
    ['command-absent', 'invalid-options', 'invalid-options', 'no-such-process', 'invalid-options'],
    stderr,
  );
  assert.doesNotMatch(stdout + stderr, /hunter2|secret/);
});

function example(): string {
  const page = readFileSync(join(repositoryRoot, 'docs', 'library.md'), 'utf8');
  const [, text] = /^```js\n(.*?)^```$/ms.exec(page)!;
  assert.ok(text!.trim().split('\n').length <= 21);
  return text!;
}

function runExample(name: string, text: string): ReturnType<typeof runAs> {
  writeFileSync(join(directory, name), text);
  return runAs(account(), directory, ['node', name]);
}
