import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hitCount, hitCountOfRoot, joinBatches, type RawObject } from '../../src/capture/raw-profile.js';
import { rawSampleLines } from '../../src/capture/raw-sample-lines.js';
import { type DrawnFrame, DrawnRun, drawnSample } from '../symbolize/drawn-run.js';

const OBJECTS: RawObject[] = [{ id: 70_000, path: '/bin/"app"', buildId: 'ab12', isVdso: false }];
const FRAME: DrawnFrame = { object: 70_000, address: 0x1234n, rule: 'plt' };
const ONCE = drawnSample({
  timeNs: 2n ** 60n + 1n,
  cpu: 3,
  userFrames: [FRAME, { object: 0, address: 0x7fff_0000_0000n, rule: 'jit' }],
  kernelFrames: [0xffff_ffff_8100_0000n],
});
const TWICE = drawnSample({ count: 2, root: 2, comm: 'wörk', outcome: 'noCfi', userFrames: [FRAME] });
const UNKNOWN = drawnSample({
  tid: 7,
  userFrames: [
    { object: 0, address: 1n, rule: 'cfi' },
    { object: 5, address: 2n, rule: 'cfi' },
  ],
});

test('raw samples: a line for each stack, kernel first, with time and cpu of a single hit', () => {
  const text = [...rawSampleLines(new DrawnRun().batch([ONCE, TWICE, UNKNOWN], OBJECTS))].join('');
  const app = '{"module":"/bin/\\"app\\"","buildId":"ab12","offset":"0x1234","rule":"plt"}';
  const unknown = (offset: string) => `{"module":"[unknown]","buildId":"","offset":"${offset}","rule":"cfi"}`;
  assert.deepEqual(text.split('\n'), [
    '{"timeNs":1152921504606846977,"pid":100,"tid":101,"comm":"app","cpu":3,"count":1,"outcome":"complete","frames":[' +
      '{"module":"[kernel]","buildId":"","offset":"0xffffffff81000000","rule":"kernel"},' +
      `${app},{"module":"[anonymous]","buildId":"","offset":"0x7fff00000000","rule":"jit"}]}`,
    `{"pid":100,"tid":101,"comm":"wörk","count":2,"outcome":"noCfi","frames":[${app}]}`,
    '{"timeNs":0,"pid":100,"tid":7,"comm":"app","cpu":0,"count":1,"outcome":"complete","frames":[' +
      `${unknown('0x1')},${unknown('0x2')}]}`,
    '',
  ]);
});

test('two batches add up to one', () => {
  const run = new DrawnRun();
  const parts = [run.batch([ONCE, TWICE], OBJECTS), run.batch([TWICE, UNKNOWN, ONCE])] as const;
  const joined = joinBatches(...parts);
  const whole = new DrawnRun().batch([ONCE, TWICE, TWICE, UNKNOWN, ONCE], OBJECTS);
  assert.deepEqual(joined, whole);
  assert.equal(hitCount(joined), 7);
  assert.equal(hitCountOfRoot(joined, 2), 4);
});
