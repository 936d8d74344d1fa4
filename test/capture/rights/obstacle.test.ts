import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureError } from '../../../src/capture/capture-error.js';
import { type MachineFacts, readMachineFacts } from '../../../src/capture/machine/machine-facts.js';
import { missingFrom } from '../../../src/capture/rights/capabilities.js';
import {
  findConfinement,
  findMachineObstacle,
  findMissingPrivilege,
} from '../../../src/capture/rights/obstacle.js';
import { explainCapture } from '../../../src/surfaces/cli/command-line/errors/capture-error-texts.js';
import { capabilityNames } from '../../../src/surfaces/cli/command-line/errors/phrases/capability-names.js';

const FIT: MachineFacts = {
  ...readMachineFacts(),
  hasSysfs: true,
  hasBtf: true,
  lockdown: 'none',
  container: undefined,
  ownPidNamespace: false,
  ownUserNamespace: false,
  isRoot: true,
  missingNeeded: [],
  missingUseful: [],
  hasNoNewPrivileges: false,
};

function adviceOf(error: CaptureError | undefined): string {
  return error === undefined ? '' : explainCapture(error).advice.join('\n');
}

test('where nothing is wrong nothing is found; integrity, and a lockdown that is not told, are no obstacles', () => {
  for (const lockdown of ['none', 'integrity', undefined] as const) {
    assert.equal(findMachineObstacle({ ...FIT, lockdown }), undefined);
  }
  assert.equal(findConfinement(FIT), undefined);
  assert.equal(findMissingPrivilege({ ...FIT, missingUseful: ['syslog'] }), undefined);
});

/** What is typed depends on who starts the container; the real conditions are in test/kernel. */
for (const [container, advice] of [
  ['docker', 'docker run --cap-add BPF --cap-add SYS_PTRACE …'],
  ['other', 'docker run --cap-add BPF --cap-add SYS_PTRACE …'],
  ['podman', 'sudo podman run --cap-add BPF --cap-add SYS_PTRACE …'],
  [
    'kubernetes',
    'set securityContext: { capabilities: { add: [BPF, SYS_PTRACE] } }   in the container’s spec',
  ],
  ['lxc', 'list bpf sys_ptrace in lxc.cap.keep   of the container’s configuration'],
] as const) {
  test(`capabilities that a ${container} container lacks`, () => {
    const lacks = { missingNeeded: ['bpf'], missingUseful: ['sys_ptrace'] } as const;
    assert.equal(adviceOf(findMissingPrivilege({ ...FIT, container, ...lacks })), advice);
  });
}

test('outside of containers a unit of systemd may be what keeps capabilities from root', () => {
  const advice = adviceOf(findMissingPrivilege({ ...FIT, missingNeeded: ['bpf', 'perfmon'] }));
  assert.match(
    advice,
    /^docker run .*\nset CapabilityBoundingSet=CAP_BPF CAP_PERFMON {3}in the systemd unit$/,
  );
});

for (const [container, pids, users] of [
  ['docker', /^docker run --pid=host …/, /^docker run --userns=host …/],
  ['podman', /^sudo podman run --pid=host …/, /^sudo podman run …/],
  ['kubernetes', /^set hostPID: true/, /^set hostUsers: true/],
] as const) {
  test(`namespaces of a ${container} container`, () => {
    assert.match(adviceOf(findConfinement({ ...FIT, container, ownPidNamespace: true })), pids);
    assert.match(adviceOf(findConfinement({ ...FIT, container, ownUserNamespace: true })), users);
  });
}

test('sets of capabilities as /proc shows them', () => {
  assert.deepEqual(missingFrom('0', ['bpf', 'perfmon']), ['bpf', 'perfmon']);
  assert.deepEqual(missingFrom('000001fffeffffff', ['bpf', 'perfmon', 'checkpoint_restore']), []);
  assert.deepEqual(missingFrom('0000008000000000', ['bpf', 'perfmon']), ['perfmon']);
  assert.equal(capabilityNames(['bpf']), 'cap_bpf');
  assert.equal(capabilityNames(['bpf', 'perfmon', 'syslog']), 'cap_bpf, cap_perfmon and cap_syslog');
});
