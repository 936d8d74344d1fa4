import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemList } from '../../../src/account/problems/problem-list.js';
import type { CaptureProblem } from '../../../src/capture/capture-problem.js';
import { captureProblems } from '../../../src/surfaces/cli/command-line/errors/capture-problems.js';

/** Of a capture, as the command line puts them into words. */
function told(...problems: CaptureProblem[]): ProblemList {
  return new ProblemList(captureProblems(problems));
}

test('what is said once is said as it is', () => {
  const list = new ProblemList([{ code: 'few-samples', message: 'only 3 samples' }]);
  assert.deepEqual(list.toJSON(), [{ code: 'few-samples', message: 'only 3 samples', count: 1 }]);
  assert.deepEqual(list.takeUnsaid(), ['only 3 samples']);
});

test('equal problems are one, with a count', () => {
  const message = 'no room for the mappings of process 123';
  const list = told(...Array<CaptureProblem>(2009).fill({ code: 'too-many-processes', pid: 123 }));
  assert.deepEqual(list.toJSON(), [{ code: 'too-many-processes', message, count: 2009 }]);
  assert.deepEqual(list.takeUnsaid(), [`${message} (2,009 times)`]);
});

test('problems that differ in the process alone name the first three', () => {
  const pids = Array.from({ length: 1500 }, (_, index) => index + 1);
  const list = told(...pids.map((pid): CaptureProblem => ({ code: 'too-many-processes', pid })));
  const message = 'no room for the mappings of process 1, process 2, process 3 and 1,497 more';
  assert.deepEqual(list.toJSON(), [{ code: 'too-many-processes', message, count: 1500 }]);
  assert.deepEqual(list.takeUnsaid(), [message]);
});

test('a process that is named many times is one of the processes', () => {
  const pids = [7, 7, 7, 8];
  const list = told(...pids.map((pid): CaptureProblem => ({ code: 'too-many-mappings', pid, most: 1024 })));
  assert.deepEqual(list.takeUnsaid(), [
    'process 7, process 8 has more than 1024 executable mappings (4 times)',
  ]);
});

test('problems that differ in the file alone, and others of the same code', () => {
  const paths = ['/a', '/b (deleted)', '[vdso]', '/d'];
  const list = told(...paths.map((path): CaptureProblem => ({ code: 'table-memory', path })));
  list.add({ code: 'table-memory', message: '4 tables found no room' });
  assert.deepEqual(list.takeUnsaid(), [
    '/a, /b (deleted), [vdso] and 1 more: no room for its unwind table, so its frames need frame pointers',
    '4 tables found no room',
  ]);
});

test('different problems of one code: three, and how many more', () => {
  const lost = (records: number): CaptureProblem => ({ code: 'side-band-lost', records });
  const list = told(...[10, 20, 30, 40, 40, 50].map(lost));
  const lines = list.toJSON();
  assert.equal(lines.length, 4);
  assert.deepEqual(lines.at(-1), {
    code: 'side-band-lost',
    message: 'and 3 more problems of kind side-band-lost',
    count: 3,
  });
});

test('failed rules and stacks that differ are told one by one', () => {
  for (const code of ['require', 'unwinding-difference', 'unwinding-doubt'] as const) {
    const list = new ProblemList(['1', '2', '3', '4', '5'].map((message) => ({ code, message })));
    assert.equal(list.toJSON().length, 5, code);
  }
});

test('problems of one code stand together, in the order of the first', () => {
  const codes = ['idle', 'costly', 'idle', 'usage'] as const;
  const list = new ProblemList(codes.map((code, index) => ({ code, message: `${index}` })));
  assert.deepEqual(
    list.toJSON().map(({ code, message }) => code + message),
    ['idle0', 'idle2', 'costly1', 'usage3'],
  );
});

test('what was said is not said again, and stays in the list', () => {
  const list = new ProblemList([{ code: 'idle', message: 'before the run' }]);
  assert.deepEqual(list.takeUnsaid(), ['before the run']);
  list.addAll(['after it', 'before the run'].map((message) => ({ code: 'idle', message })));
  assert.deepEqual(list.takeUnsaid(), ['after it']);
  assert.equal(list.toJSON().length, 2);
});

test('a subject is taken as it is, whatever is special in it', () => {
  const said = (path: string) =>
    ({ code: 'symbols', message: `${path}: unreadable`, subject: path }) as const;
  const list = new ProblemList([said('/tmp/$&'), said('/tmp/[x]*')]);
  assert.deepEqual(list.takeUnsaid(), ['/tmp/$&, /tmp/[x]*: unreadable']);
});
