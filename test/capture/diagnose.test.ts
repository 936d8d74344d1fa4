import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { diagnoseStart, findMissingFeature } from '../../src/capture/diagnose.js';
import { readMachineFacts } from '../../src/capture/machine-facts.js';
import { withKernelSetting } from '../kernel/kernel-setting.js';
import { needsRoot } from '../kernel/needs-root.js';

const { EPERM, EACCES, EINVAL, ENOSYS } = constants.errno;
const unfiltered = {
  skip: readMachineFacts().hasSeccompFilter ? 'runs under a seccomp filter itself' : false,
};

for (const errno of [EPERM, EACCES]) {
  test(`a refusal (${errno}) that no filter of ours explains`, unfiltered, () => {
    const error = diagnoseStart({ code: 'bpf', message: 'cannot load', errno });
    assert.equal(error.code, 'security-module');
    assert.match(error.message, /refuses bpf\(\) although the capabilities are there/);
    assert.notEqual(error.advice, '');
  });
}

test('events that only root may open, as Debian’s kernels have it', needsRoot, async () => {
  const refused = { code: 'perf-event', message: 'cannot open', errno: EACCES };
  const error = await withKernelSetting('perf_event_paranoid', 3, () => diagnoseStart(refused));
  assert.equal(error.code, 'perf-event-paranoid');
  assert.match(error.message, /kernel\.perf_event_paranoid is 3/);
  assert.match(error.advice, /^sudo sysctl kernel\.perf_event_paranoid=2 /);
});

test('a system call that the kernel does not have', unfiltered, () => {
  const error = diagnoseStart({ code: 'perf-event', message: 'cannot open', errno: ENOSYS });
  assert.equal(error.code, 'kernel');
  assert.match(error.message, /without perf_event_open\(\)/);
});

test('what nobody can explain is said as the sampler said it, and the doctor is named', () => {
  const error = diagnoseStart({
    code: 'bpf',
    message: 'cannot load the kernel programs: odd',
    errno: EINVAL,
  });
  assert.equal(error.code, 'kernel');
  assert.match(error.message, /^cannot start the sampler: cannot load the kernel programs: odd$/);
  assert.match(error.advice, /^profile-bee doctor /);
  assert.equal(diagnoseStart({ code: 'protocol', message: 'odd', errno: 0 }).code, 'sampler');
});

test('a lack of ring buffers comes before a lack of bpf_loop: the older kernel of the two', () => {
  assert.equal(findMissingFeature({ hasRingBuffer: true, hasBpfLoop: true }), undefined);
  assert.equal(findMissingFeature({ hasRingBuffer: true, hasBpfLoop: false })?.code, 'no-bpf-loop');
  assert.equal(findMissingFeature({ hasRingBuffer: false, hasBpfLoop: false })?.code, 'no-ring-buffer');
});
