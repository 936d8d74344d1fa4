import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** Folders that state facts; the command line alone makes sentences and advice of them. */
const FACTUAL = ['src/capture', 'src/ffi'];
/** What somebody would type. A single word is an argument of ours, or a name: those of the sudo that we start, for one. */
const TYPED = /\b(sudo|docker|podman|sysctl|npm|cargo|mount|ulimit|pgrep)\b|(^|\s)--[a-z]|\bprofile-bee\b/;

interface Literal {
  file: string;
  text: string;
}

/** Strings and templates, comments left out. */
function literalsOf(file: string): Literal[] {
  const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');
  const literals = code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g);
  return [...literals].map(([, single, double, template]) => ({
    file,
    text: single ?? double ?? template ?? '',
  }));
}

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

const literals = FACTUAL.flatMap(filesIn).flatMap(literalsOf);

test('the scan sees literals at all, and would see advice', () => {
  assert.ok(literals.length > 300, `${literals.length} literals`);
  assert.ok(
    literals.some(({ text }) => text === 'sudo'),
    'the command that is started',
  );
  for (const advice of [
    'sudo -E env …',
    'docker run --pid=host …',
    'a lower --frequency',
    'profile-bee setup',
  ])
    assert.ok(isAdvice({ file: '', text: advice }), advice);
});

function isAdvice({ text }: Literal): boolean {
  return /\s/.test(text) && TYPED.test(text);
}

test('src/capture and src/ffi give no advice', () => {
  assert.deepEqual(literals.filter(isAdvice), []);
});

test('src/capture has no sentences: a code and its fields say it', () => {
  const sentences = literals.filter(
    ({ file, text }) => file.startsWith('src/capture/') && /[a-z]+ [a-z]+ [a-z]+ [a-z]+/i.test(text),
  );
  assert.deepEqual(sentences, []);
});

test('one word for one idea: advice, and no hint', () => {
  const files = filesIn('src').filter((file) => /\bhints?\b/i.test(readFileSync(file, 'utf8')));
  assert.deepEqual(files, []);
});
