import { readFileSync, readlinkSync } from 'node:fs';
import { CaptureError } from './capture-error.js';
import { checkNativeParts } from './native-parts.js';

/** PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h. */
const INITIAL_PID_NAMESPACE = 0xeffffffc;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

let settled: { error: CaptureError | undefined } | undefined;

/** Keeps today's answer: this process is about to give up the privileges that its sampler has. */
export function settleCanCapture(): void {
  try {
    checkCanCapture();
    settled = { error: undefined };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    settled = { error };
  }
}

/** Throws CaptureError when this process cannot capture at all; cheap, so that it can run before a build. */
export function checkCanCapture(): void {
  if (settled?.error !== undefined) throw settled.error;
  if (settled !== undefined) return;
  if (process.platform !== 'linux') {
    throw new CaptureError('kernel', 'capture samples', `capturing needs Linux, this is ${process.platform}`);
  }
  checkNativeParts();
  checkPidNamespace();
  if (hasSamplingCapabilities()) return;
  throw new CaptureError(
    'not-privileged',
    'capture samples',
    process.geteuid?.() === 0
      ? 'this root has no cap_bpf and cap_perfmon (a container?)'
      : 'loading kernel programs needs root, or the capabilities cap_bpf and cap_perfmon',
    process.geteuid?.() === 0
      ? 'docker run --cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE …'
      : 'sudo -E env "PATH=$PATH" …   (the same command again, as root)',
  );
}

/**
 * The kernel programs see the machine's process ids. Where ours are others (a container), nothing would match, and an
 * empty picture would look as if the program had done nothing.
 */
function checkPidNamespace(): void {
  const namespace = readlinkSync('/proc/self/ns/pid');
  if (namespace === `pid:[${INITIAL_PID_NAMESPACE}]`) return;
  throw new CaptureError(
    'pid-namespace',
    'capture samples',
    'this process has a process id namespace of its own (a container), and ids in the kernel are others',
    'docker run --pid=host …   (or profile from outside of the container)',
  );
}

function hasSamplingCapabilities(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const set = BigInt(`0x${effective}`);
  return [CAP_PERFMON, CAP_BPF].every((capability) => (set >> capability) & 1n);
}
