import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Problem, ProblemList } from '../../src/account/problem-list.js';
import { subjectOfMessage } from '../../src/capture/problem-subject.js';

/** As the sampler sends them. */
function sent(code: string, message: string): Problem {
  return { code, message, subject: subjectOfMessage(message) };
}

test('what is said once is said as it is', () => {
  const list = new ProblemList([sent('few-samples', 'only 3 samples')]);
  assert.deepEqual(list.toJSON(), [{ code: 'few-samples', message: 'only 3 samples', count: 1 }]);
  assert.deepEqual(list.takeUnsaid(), ['only 3 samples']);
});

test('equal problems are one, with a count', () => {
  const message = 'no room for the mappings of process 123';
  const list = new ProblemList(Array(2009).fill(sent('too-many-processes', message)));
  assert.deepEqual(list.toJSON(), [{ code: 'too-many-processes', message, count: 2009 }]);
  assert.deepEqual(list.takeUnsaid(), [`${message} (2,009 times)`]);
});

test('problems that differ in the process alone name the first three', () => {
  const list = new ProblemList();
  for (let pid = 1; pid <= 1500; pid++)
    list.add(sent('too-many-processes', `no room for the mappings of process ${pid}`));
  const message = 'no room for the mappings of process 1, process 2, process 3 and 1,497 more';
  assert.deepEqual(list.toJSON(), [{ code: 'too-many-processes', message, count: 1500 }]);
  assert.deepEqual(list.takeUnsaid(), [message]);
});

test('a process that is named many times is one of the processes', () => {
  const pids = [7, 7, 7, 8];
  const list = new ProblemList(pids.map((pid) => sent('a', `process ${pid} has more than 1024 mappings`)));
  assert.deepEqual(list.takeUnsaid(), ['process 7, process 8 has more than 1024 mappings (4 times)']);
});

test('problems that differ in the file alone, and others of the same code', () => {
  const files = ['/a', '/b (deleted)', '[vdso]', '/d'].map((path) =>
    sent('table-memory', `${path}: no room`),
  );
  const list = new ProblemList([...files, { code: 'table-memory', message: '4 tables found no room' }]);
  assert.deepEqual(list.takeUnsaid(), [
    '/a, /b (deleted), [vdso] and 1 more: no room',
    '4 tables found no room',
  ]);
});

test('different problems of one code: three, and how many more', () => {
  const lost = (count: number) => sent('side-band-lost', `${count} notices of new mappings were lost`);
  const list = new ProblemList([10, 20, 30, 40, 40, 50].map(lost));
  const lines = list.toJSON();
  assert.equal(lines.length, 4);
  assert.deepEqual(lines.at(-1), {
    code: 'side-band-lost',
    message: 'and 3 more of the kind side-band-lost',
    count: 3,
  });
});

test('failed rules and stacks that differ are told one by one', () => {
  for (const code of ['require', 'unwinding-difference', 'unwinding-doubt']) {
    const list = new ProblemList(['1', '2', '3', '4', '5'].map((message) => ({ code, message })));
    assert.equal(list.toJSON().length, 5, code);
  }
});

test('problems of one code stand together, in the order of the first', () => {
  const list = new ProblemList(['a', 'b', 'a', 'c'].map((code, index) => ({ code, message: `${index}` })));
  assert.deepEqual(
    list.toJSON().map(({ code, message }) => code + message),
    ['a0', 'a2', 'b1', 'c3'],
  );
});

test('what was said is not said again, and stays in the list', () => {
  const list = new ProblemList([{ code: 'a', message: 'before the run' }]);
  assert.deepEqual(list.takeUnsaid(), ['before the run']);
  list.addAll(['after it', 'before the run'].map((message) => ({ code: 'a', message })));
  assert.deepEqual(list.takeUnsaid(), ['after it']);
  assert.equal(list.toJSON().length, 2);
});

test('a subject is taken as it is, whatever is special in it', () => {
  const said = (path: string) => ({ code: 'a', message: `${path}: unreadable`, subject: path });
  const list = new ProblemList([said('/tmp/$&'), said('/tmp/[x]*')]);
  assert.deepEqual(list.takeUnsaid(), ['/tmp/$&, /tmp/[x]*: unreadable']);
});
