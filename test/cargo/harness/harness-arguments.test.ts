import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasFilter,
  listingArguments,
  runsOnlyBenchmarks,
} from '../../../src/cargo/harness/harness-arguments.js';

test('a filter is a word that is not the value of a flag', () => {
  for (const line of [
    'name',
    '--exact name',
    '--test-threads 1 name',
    '--skip a --bench b',
    '--profile-time 5 fib',
    '-- --odd',
  ]) {
    assert.equal(hasFilter(line.split(' ')), true, line);
  }
  for (const line of [
    '--bench',
    '--nocapture --ignored',
    '--skip name',
    '--test-threads 1',
    '--format pretty --color always',
    '--test-threads=1 -Zunstable-options --shuffle-seed 3',
    '-Z unstable-options --report-time',
    '--profile-time 5 --sample-size 10 --save-baseline before -b now',
    '--sample-count 10 --max-time 1 --sort name',
    '--',
  ]) {
    assert.equal(hasFilter(line.split(' ')), false, line);
  }
  assert.equal(hasFilter([]), false);
});

test('the flags of a listing stand in front, and what they exclude is left out', () => {
  const rows: [string, string][] = [
    ['name --bench', 'name --bench'],
    ['--exact name --skip other --ignored', '--exact name --skip other --ignored'],
    ['--format json name -q --quiet --list', 'name'],
    ['--format=json --profile-time 5 --test --logfile a.log b', 'b'],
    ['-qv --profile-time=5', '-v'],
    ['name -- --format json', 'name -- --format json'],
  ];
  for (const [typed, listed] of rows) {
    assert.equal(listingArguments(typed.split(' ')).join(' '), `--list --format terse ${listed}`);
  }
});

test('--bench leaves the tests out, unless --test stands beside it', () => {
  assert.equal(runsOnlyBenchmarks(['name', '--bench']), true);
  assert.equal(runsOnlyBenchmarks(['--test', '--bench']), false);
  assert.equal(runsOnlyBenchmarks(['name']), false);
  assert.equal(runsOnlyBenchmarks(['--', '--bench']), false);
});
