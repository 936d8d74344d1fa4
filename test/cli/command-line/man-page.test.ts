import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { CommandName } from '../../../src/surfaces/cli/command-line/flag-specification.js';
import { manPage } from '../../../src/surfaces/cli/command-line/manual/man-page.js';
import { foldedLine, roffCode, wrappedLines } from '../../../src/surfaces/cli/command-line/manual/roff.js';

const SECTIONS = [
  ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EVENTS', 'FORMATS', 'OTHER COMMANDS', 'OUTPUT'],
  ...['EXIT STATUS', 'FILES', 'ENVIRONMENT', 'EXAMPLES', 'SEE ALSO'],
];

/** All that a program says about a page on its standard input. */
function said(command: string, args: readonly string[], page: string, env: NodeJS.ProcessEnv = {}): string {
  const options = { input: page, env: { ...process.env, ...env }, encoding: 'utf8' } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error !== undefined) throw error;
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

/** As it is read on a terminal that is wide enough for every paragraph. */
function rendered(page: string): string {
  const text = said('man', ['--nj', '--nh', '-l', '-'], page, { MANWIDTH: '400', LC_ALL: 'C.UTF-8' });
  return text.replaceAll(/.\u0008/g, '');
}

for (const command of ['cargo-profile-bee', 'profile-bee'] as const satisfies CommandName[]) {
  test(`${command}(1): mandoc and groff have nothing to say about it`, () => {
    const page = manPage(command);
    assert.equal(said('mandoc', ['-T', 'lint'], page), '');
    assert.equal(said('groff', ['-man', '-Tutf8', '-ww', '-z'], page), '');
    assert.equal(said('groff', ['-man', '-Tascii', '-ww', '-z'], page), '');
  });

  test(`${command}(1): the sections in the order that readers expect, and a name for apropos`, () => {
    const text = rendered(manPage(command));
    const headings = text.match(/^[A-Z][A-Z ]+$/gm)?.filter((line) => !line.includes('  '));
    assert.deepEqual(headings, SECTIONS);
    assert.match(text, new RegExp(`^NAME\n +${command} - [a-z]`, 'm'));
  });
}

test('what is typed comes out as it is typed', () => {
  const text = rendered(manPage('cargo-profile-bee'));
  assert.match(
    text,
    /^ +cargo profile-bee \[FLAGS\] \[run\|test\|bench\] \[CARGO FLAGS\] \[-- PROGRAM ARGUMENTS\]$/m,
  );
  assert.match(text, /^ +-o, --output FILE$/m);
  assert.match(text, /^ +--open, --no-open$/m);
  assert.match(
    text,
    /^ +cargo profile-bee --require 'complete>=99,lost<=1' --summary-json run\.json -- bench$/m,
  );
  const profiler = rendered(manPage('profile-bee'));
  assert.match(profiler, /^ +profile-bee --svg out\.svg --cmd "\.\/server 'two words'"$/m);
});

test('text that roff would take for its own', () => {
  const hostile = `.TH 'x' \\fBbold\\n[x] "two" \`code\` ^~ - -- é·≤ .B`;
  const around = (line: string) => `.TH X 1 2026-01-01 x\n.SH NAME\nx \\- y\n.SH TEXT\n${line}`;
  for (const line of [wrappedLines(roffCode(hostile)), `.TP\n${foldedLine(`\\&${roffCode(hostile)}`)}text\n`])
    assert.match(rendered(around(line)), new RegExp(`^ +${escaped(hostile)}$`, 'm'));
  const long = Array.from({ length: 40 }, (_, index) => `.word${index}`).join(' ');
  assert.match(rendered(around(wrappedLines(roffCode(long)))), new RegExp(`^ +${escaped(long)}$`, 'm'));
  assert.equal(said('mandoc', ['-T', 'lint'], around(wrappedLines(roffCode(long)))), '');
});

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
