import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noMeasurements } from '../../../src/account/account.js';
import { fullMapProblems } from '../../../src/account/problems/full-map-problems.js';
import { measurementProblems } from '../../../src/account/problems/measurement-problems.js';
import { USUAL_CAPTURE } from '../../../src/run/usual-capture.js';

const NO_TOTALS = { ...noMeasurements().totals, maxProcesses: 16_384 };
const FULL = { ...NO_TOTALS, processesFull: 12, spacesFull: 1234, endsFull: 2, runtimeBasesFull: 3 };
const CODES = ['processes-full', 'spaces-full', 'ends-full', 'cpu-times-full'];

test('a map in which there was room is no problem', () => {
  assert.deepEqual(fullMapProblems(NO_TOTALS), []);
});

test('each full map has a code of its own, how many found no room, and what the profile lacks', () => {
  assert.deepEqual(
    fullMapProblems(FULL).map(({ message }) => message),
    [
      '12 forked processes were not observed, nor what they started: the table of observed processes is full (16,384)',
      '1,234 forked processes began without the mappings of their parents, and their first stacks may be incomplete: the table of mappings is full (16,384 processes)',
      '2 exit codes are unknown: the table of ended processes is full',
      '3 threads’ CPU times are not exact, nor is the number of expected samples: the table of CPU times is full',
    ],
  );
  const one = { ...NO_TOTALS, processesFull: 1, spacesFull: 1, endsFull: 1, runtimeBasesFull: 1 };
  const [process, space, end, time] = fullMapProblems(one).map(({ message }) => message);
  assert.match(process!, /^1 forked process was not observed, nor what it started: /);
  assert.match(space!, /^1 forked process began without the mappings of its parent, and its first /);
  assert.match(end!, /^1 exit code is unknown: /);
  assert.match(time!, /^1 thread’s CPU time is not exact, /);
});

test('they are among the problems of a run', () => {
  assert.deepEqual(
    measurementProblems(FULL, USUAL_CAPTURE).map(({ code }) => code),
    CODES,
  );
});
