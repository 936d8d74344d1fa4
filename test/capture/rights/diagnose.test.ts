import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { CaptureError } from '../../../src/capture/capture-error.js';
import { readMachineFacts } from '../../../src/capture/machine/machine-facts.js';
import { diagnoseStart, findMissingFeature } from '../../../src/capture/rights/diagnose.js';
import type { FailedStep } from '../../../src/ffi/sampler-messages.js';
import { USUAL_CAPTURE } from '../../../src/run/usual-capture.js';
import { explainCapture } from '../../../src/surfaces/cli/command-line/errors/capture-error-texts.js';
import { sentenceOf } from '../../../src/surfaces/cli/command-line/errors/explanation.js';
import { withKernelSetting } from '../../kernel/running/kernel-setting.js';
import { needsRoot } from '../../kernel/running/needs-root.js';

const { EPERM, EACCES, EINVAL, ENOSYS } = constants.errno;
const PLAN = { ...USUAL_CAPTURE, frequencyHz: 49_999 };
const unfiltered = {
  skip: readMachineFacts().hasSeccompFilter ? 'runs under a seccomp filter itself' : false,
};

function diagnosed(failure: Omit<FailedStep, 'subject' | 'detail'> & Partial<FailedStep>) {
  return explained(diagnoseStart({ subject: '', detail: '', ...failure }, PLAN));
}

function explained(error: CaptureError): { code: string; message: string; advice: string } {
  const explanation = explainCapture(error);
  return { code: error.code, message: sentenceOf(explanation), advice: explanation.advice.join('\n') };
}

for (const errno of [EPERM, EACCES]) {
  test(`a refusal (${errno}) that no filter of ours explains`, unfiltered, () => {
    const { code, message, advice } = diagnosed({ code: 'bpf', step: 'load-bpf-programs', errno });
    assert.equal(code, 'security-module');
    assert.match(message, /refuses bpf\(\) although the capabilities are there/);
    assert.notEqual(advice, '');
  });
}

test('events that only root may open, as Debian’s kernels have it', needsRoot, async () => {
  const refused = { code: 'perf-event', step: 'open-sampling-event', errno: EACCES } as const;
  const { code, message, advice } = await withKernelSetting('perf_event_paranoid', 3, () =>
    diagnosed(refused),
  );
  assert.equal(code, 'perf-event-paranoid');
  assert.match(message, /kernel\.perf_event_paranoid is 3/);
  assert.match(advice, /^sudo sysctl kernel\.perf_event_paranoid=2 /);
});

test('a system call that the kernel does not have', unfiltered, () => {
  const { code, message } = diagnosed({ code: 'perf-event', step: 'open-sampling-event', errno: ENOSYS });
  assert.equal(code, 'kernel');
  assert.match(message, /without perf_event_open\(\)/);
});

test('what the bounds of setup refuse names what is typed to allow it, and what needs none', () => {
  const bound = { code: 'over-frequency', need: 49_999, taken: 50_996, most: 10_000 } as const;
  const { code, message, advice } = explained(diagnoseStart(bound, PLAN));
  assert.equal(code, 'over-bound');
  assert.match(message, /takes 49999 .* other runs of this user 997, .* each user 10000 /);
  assert.match(advice, /lower --frequency[\s\S]*setup --max-frequency 49999[\s\S]*sudo/);
});

test('what nobody can explain is said as the sampler said it, and the doctor is named', () => {
  const odd = { code: 'bpf', step: 'load-bpf-programs', detail: 'odd', errno: EINVAL } as const;
  const { code, message, advice } = diagnosed(odd);
  assert.equal(code, 'kernel');
  assert.equal(message, 'cannot load the BPF programs: odd');
  assert.match(advice, /^profile-bee doctor /);
  assert.equal(diagnosed({ code: 'protocol', step: 'read-request', errno: 0 }).code, 'sampler');
});

test('a lack of ring buffers comes before a lack of bpf_loop: the older kernel of the two', () => {
  assert.equal(findMissingFeature({ hasRingBuffer: true, hasBpfLoop: true }), undefined);
  assert.equal(findMissingFeature({ hasRingBuffer: true, hasBpfLoop: false })?.code, 'no-bpf-loop');
  assert.equal(findMissingFeature({ hasRingBuffer: false, hasBpfLoop: false })?.code, 'no-ring-buffer');
});
