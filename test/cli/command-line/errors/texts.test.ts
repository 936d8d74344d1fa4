import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CaptureError } from '../../../../src/capture/capture-error.js';
import {
  CAPTURE_ERROR_TEXTS,
  explainCapture,
} from '../../../../src/surfaces/cli/command-line/errors/capture-error-texts.js';
import {
  CAPTURE_PROBLEM_TEXTS,
  captureProblems,
} from '../../../../src/surfaces/cli/command-line/errors/capture-problems.js';
import { sentenceOf } from '../../../../src/surfaces/cli/command-line/errors/explanation.js';
import { SAMPLER_STEPS } from '../../../../src/surfaces/cli/command-line/errors/phrases/sampler-steps.js';
import { ERROR_SAMPLES, PROBLEM_SAMPLES } from './samples.js';

/** With which a line of advice may begin: something to type, or what to do. */
const COMMANDS = /^(sudo|docker|mount|profile-bee|pgrep|npm|journalctl|cargo|--pid) /;
const VERBS = /^(set|list|add|use|boot|leave|lower|start|run|end|report) /;

function assertOneSentence(text: string): void {
  assert.ok((text.match(/\bcannot\b/g)?.length ?? 0) <= 1, `more than one "cannot": ${text}`);
  assert.doesNotMatch(text, /undefined|null|NaN|\[object/);
  assert.doesNotMatch(text, /[.!?]$/, `ends with a full stop: ${text}`);
  assert.doesNotMatch(text, /[a-z0-9]{2}\. [A-Z]/, `more than one sentence: ${text}`);
  assert.doesNotMatch(text, /\bkernel program/, text);
  assert.doesNotMatch(text, /^\s|\s$|: $|: :/, text);
}

for (const code of Object.keys(CAPTURE_ERROR_TEXTS) as (keyof typeof ERROR_SAMPLES)[]) {
  test(`${code}: one sentence, and advice that begins with what to type or to do`, () => {
    assert.ok(ERROR_SAMPLES[code].length > 0);
    for (const { facts, cause } of ERROR_SAMPLES[code]) {
      const explanation = explainCapture(new CaptureError(facts, cause));
      assertOneSentence(sentenceOf(explanation));
      assertOneSentence(explanation.cause);
      for (const line of explanation.advice) {
        assert.ok(COMMANDS.test(line) || VERBS.test(line), line);
        assert.doesNotMatch(line, /undefined|\n/);
      }
    }
  });
}

for (const code of Object.keys(CAPTURE_PROBLEM_TEXTS) as (keyof typeof PROBLEM_SAMPLES)[]) {
  test(`${code}: one sentence that names its subject`, () => {
    for (const facts of PROBLEM_SAMPLES[code]) {
      const [problem] = captureProblems([facts]);
      assert.equal(problem?.code, code);
      assertOneSentence(problem.message.split('\n')[0]!.replace(/:$/, ''));
      assert.ok(problem.message.includes(problem.subject ?? ''), problem.message);
    }
    const [rest] = captureProblems([{ code, more: 995 } as Parameters<typeof captureProblems>[0][number]]);
    assert.equal(rest?.message, `995 more like these (${code})`);
  });
}

test('what is not observed is told with the cause alone', () => {
  const error = new CaptureError({ code: 'sampler', why: 'ended', ending: { kind: 'exited', status: 1 } });
  const [problem] = captureProblems([{ code: 'not-observed', path: '/bin/true', error }]);
  assert.equal(problem?.message, '/bin/true ran unobserved: bee-sampler exited with code 1');
});

test('an error says its code and its fields to whoever reads a stack trace', () => {
  const error = new CaptureError({ code: 'perf-event-paranoid', paranoid: 4 }, 13);
  assert.equal(error.code, 'perf-event-paranoid');
  assert.match(error.message, /code: 'perf-event-paranoid', paranoid: 4/);
  assert.equal(error.cause, 13);
});

test('each step of the sampler has words, and no words are left over', () => {
  const folder = 'native/sampler/src';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.rs'),
  );
  const sources = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const calls = sources.matchAll(/Failure::(?:new|refused|from_io)\(\s*(?:"[a-z-]+"|code),\s*"([a-z-]+)"/g);
  const ofBpf = sources.matchAll(/Failure::from_bpf\(\s*"([a-z-]+)"/g);
  const steps = new Set([...calls, ...ofBpf].map(([, step]) => step!));
  assert.deepEqual([...steps].sort(), Object.keys(SAMPLER_STEPS).sort());
});
