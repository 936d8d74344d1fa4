import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFacts, summaryOf } from '../../src/account/run-facts.js';

/** `profile-bee.summary/1` as scripts rely on it: every key with the type of its value. Adding is allowed. */
const SHAPE = {
  schema: 'string',
  version: 'string',
  exit: { code: 'number', source: 'string' },
  targets: 'array',
  event: {
    name: 'string',
    frequencyHz: 'number',
    throttled: 'number',
    skipped: 'number',
    stolenNs: 'number',
  },
  unwinder: 'string',
  elevation: 'string',
  samples: { fired: 'number', expected: 'number', delivered: 'number', unaccounted: 'number', lost: {} },
  stacks: { user: 'number', complete: 'number', maxDepth: 'number', incomplete: {} },
  frames: {
    user: 'number',
    symbolized: 'number',
    withLine: 'number',
    inlined: 'number',
    kernel: 'number',
    kernelSymbolized: 'number',
    stale: 'number',
    by: {
      cfi: 'number',
      framePointer: 'number',
      plt: 'number',
      signal: 'number',
      jit: 'number',
      snapshot: 'number',
      synthesized: 'number',
      guessed: 'number',
    },
  },
  names: {
    ahead: 'number',
    fromDisk: 'number',
    resolved: 'number',
    evicted: 'number',
    damagedFiles: 'number',
    unwrittenFiles: 'number',
  },
  cost: {
    source: 'string',
    targetCpuNs: 'number',
    samplerCpuNs: 'number',
    bpfRunNs: 'number',
    samplerPeakRssBytes: 'number',
    cliPeakRssBytes: 'number',
    tableBytes: 'number',
    tablesEvicted: 'number',
    tablesRefused: 'number',
  },
  phasesNs: {
    metadata: 'number',
    build: 'number',
    samplerStart: 'number',
    attachToFirstSample: 'number',
    run: 'number',
    tables: 'number',
    symbolize: 'number',
    write: 'number',
    exitToOutput: 'number',
  },
  outputs: 'array',
  problems: 'array',
};

test('the summary has every key of its schema, also for a run in which nothing happened', () => {
  const facts = noFacts('1.2.3', { event: 'cpu-clock', frequencyHz: 997, unwinder: 'dwarf' });
  const exit = { code: 0, source: 'target', signal: null } as const;
  const summary = summaryOf(facts, { exit, cliPeakRssBytes: 1 });
  assertShape(JSON.parse(JSON.stringify(summary)), SHAPE, 'summary');
  assert.equal(summary.schema, 'profile-bee.summary/1');
  assert.deepEqual(Object.keys(summary.exit).sort(), ['code', 'signal', 'source']);
});

function assertShape(value: unknown, shape: unknown, path: string): void {
  if (typeof shape === 'string') {
    assert.equal(Array.isArray(value) ? 'array' : typeof value, shape, path);
    return;
  }
  assert.ok(typeof value === 'object' && value !== null, `${path} is missing`);
  for (const [key, inner] of Object.entries(shape as object))
    assertShape((value as Record<string, unknown>)[key], inner, `${path}.${key}`);
}
