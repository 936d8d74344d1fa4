import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { readMachineFacts } from '../../../src/capture/machine/machine-facts.js';
import { diagnoseStart, findMissingFeature } from '../../../src/capture/rights/diagnose.js';
import { withKernelSetting } from '../../kernel/running/kernel-setting.js';
import { needsRoot } from '../../kernel/running/needs-root.js';

const { EPERM, EACCES, EINVAL, ENOSYS } = constants.errno;
const PLAN = {
  frequencyHz: 49_999,
  event: 'cpu-clock',
  unwinder: 'dwarf',
  ringBytes: 8 << 20,
  maxDepth: 1024,
  tableMiB: 40,
  checksUnwinding: false,
} as const;
const unfiltered = {
  skip: readMachineFacts().hasSeccompFilter ? 'runs under a seccomp filter itself' : false,
};

for (const errno of [EPERM, EACCES]) {
  test(`a refusal (${errno}) that no filter of ours explains`, unfiltered, () => {
    const error = diagnoseStart({ code: 'bpf', message: 'cannot load', errno }, PLAN);
    assert.equal(error.code, 'security-module');
    assert.match(error.message, /refuses bpf\(\) although the capabilities are there/);
    assert.notEqual(error.advice, '');
  });
}

test('events that only root may open, as Debian’s kernels have it', needsRoot, async () => {
  const refused = { code: 'perf-event', message: 'cannot open', errno: EACCES };
  const error = await withKernelSetting('perf_event_paranoid', 3, () => diagnoseStart(refused, PLAN));
  assert.equal(error.code, 'perf-event-paranoid');
  assert.match(error.message, /kernel\.perf_event_paranoid is 3/);
  assert.match(error.advice, /^sudo sysctl kernel\.perf_event_paranoid=2 /);
});

test('a system call that the kernel does not have', unfiltered, () => {
  const error = diagnoseStart({ code: 'perf-event', message: 'cannot open', errno: ENOSYS }, PLAN);
  assert.equal(error.code, 'kernel');
  assert.match(error.message, /without perf_event_open\(\)/);
});

test('what the bounds of setup refuse names what is typed to allow it, and what needs none', () => {
  const error = diagnoseStart({ code: 'over-frequency', message: 'too often' }, PLAN);
  assert.equal(error.code, 'over-bound');
  assert.match(error.message, /too often/);
  assert.match(error.advice, /lower --frequency[\s\S]*setup --max-frequency 49999[\s\S]*sudo/);
});

test('what nobody can explain is said as the sampler said it, and the doctor is named', () => {
  const odd = { code: 'bpf', message: 'cannot load the kernel programs: odd', errno: EINVAL };
  const error = diagnoseStart(odd, PLAN);
  assert.equal(error.code, 'kernel');
  assert.match(error.message, /^cannot start the sampler: cannot load the kernel programs: odd$/);
  assert.match(error.advice, /^profile-bee doctor /);
  assert.equal(diagnoseStart({ code: 'protocol', message: 'odd', errno: 0 }, PLAN).code, 'sampler');
});

test('a lack of ring buffers comes before a lack of bpf_loop: the older kernel of the two', () => {
  assert.equal(findMissingFeature({ hasRingBuffer: true, hasBpfLoop: true }), undefined);
  assert.equal(findMissingFeature({ hasRingBuffer: true, hasBpfLoop: false })?.code, 'no-bpf-loop');
  assert.equal(findMissingFeature({ hasRingBuffer: false, hasBpfLoop: false })?.code, 'no-ring-buffer');
});
