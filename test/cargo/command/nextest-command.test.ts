import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cargoTestArguments,
  nextestBuildArguments,
  parseNextestCommand,
} from '../../../src/cargo/command/nextest-command.js';

function parse(line: string) {
  return parseNextestCommand(line.split(' '));
}

test('cargo’s profile is taken out, nextest’s own stays', () => {
  assert.deepEqual(
    parseNextestCommand(['run', '-r', '--profile', 'ci', '-E', 'test(/a b/)', 'name'], ['x']),
    {
      verb: 'nextest',
      args: ['--profile', 'ci', '-E', 'test(/a b/)', 'name'],
      programArgs: ['x'],
      profileSelection: { kind: 'release' },
      profileFlags: ['-r'],
    },
  );
  assert.deepEqual(parse('run --cargo-profile=dist').profileSelection, { kind: 'named', name: 'dist' });
  assert.equal(parse('run -P ci').profileSelection, undefined);
});

test('flags before run go after it; values are not taken for the subcommand', () => {
  assert.deepEqual(parse('--manifest-path run --color always r -p a').args, [
    ...['--manifest-path', 'run', '--color', 'always', '-p', 'a'],
  ]);
});

for (const [line, message] of [
  ['list', /cargo nextest list runs no tests/],
  ['--verbose', /cargo nextest runs no tests/],
  ['run --no-run', /leaves nothing to profile/],
  ['run --archive-file a.zst', /archive/],
  ['run -r --cargo-profile dist', /both choose a profile/],
] as const) {
  test(`refused: nextest ${line}`, () => assert.throws(() => parse(line), { name: 'UsageError', message }));
}

test('what only a run takes is left out of the build; what nextest alone knows, of cargo test', () => {
  const args = [
    '-p',
    'a',
    '--max-fail',
    '3',
    '--no-fail-fast',
    '-j',
    '2',
    '-E',
    'all()',
    '--features=x',
    'name',
  ];
  assert.deepEqual(nextestBuildArguments(args), [
    '-p',
    'a',
    '-j',
    '2',
    '-E',
    'all()',
    '--features=x',
    'name',
  ]);
  assert.deepEqual(cargoTestArguments(args), ['-p', 'a', '--features=x']);
});
