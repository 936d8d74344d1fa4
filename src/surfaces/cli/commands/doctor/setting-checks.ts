import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type MachineFacts, readKernelSetting } from '../../../../capture/machine/machine-facts.js';
import { LESS_PARANOID } from '../../command-line/errors/kernel.js';
import { type Check, ok, warning } from './check.js';

const WRAPPER_HZ = 997;
/**
 * The sampler's rings on each CPU: 64 pages for side-band records and one for samples, each with a control page, of 4 KiB.
 */
const RINGS_KIB_PER_CPU = (64 + 1 + 1 + 1) * 4;
/** Enough of /proc/kallsyms to contain many functions. */
const KALLSYMS_BYTES = 64 << 10;

/** Kernel settings that affect profiling. */
export function settingChecks(facts: MachineFacts): Check[] {
  const checks = [
    paranoid(),
    unprivilegedBpf(),
    kernelNames(facts),
    sampleRate(),
    lockedMemory(),
    traceFileSystem(),
  ];
  return checks.filter((check) => check !== undefined);
}

function paranoid(): Check | undefined {
  const value = readKernelSetting('perf_event_paranoid');
  if (value === undefined) return undefined;
  if (value > 2) {
    // On kernels other than Debian's or Ubuntu's, such a value means 2; the trial tells which it is.
    const found = `kernel.perf_event_paranoid is ${value}: Debian’s and Ubuntu’s kernels then let only root open perf events`;
    return warning('perf-event-paranoid', `${found}, so profiling needs sudo`, LESS_PARANOID);
  }
  const who =
    value > 0 ? 'sampling whole CPUs needs cap_perfmon, which the sampler has' : 'everybody may sample';
  return ok('perf-event-paranoid', `kernel.perf_event_paranoid is ${value}: ${who}`);
}

function unprivilegedBpf(): Check | undefined {
  const value = readKernelSetting('unprivileged_bpf_disabled');
  if (value === undefined) return undefined;
  const who = value > 0 ? 'BPF programs need cap_bpf, which the sampler has' : 'no obstacle';
  return ok('unprivileged-bpf', `kernel.unprivileged_bpf_disabled is ${value}: ${who}`);
}

function kernelNames({ missingNeeded }: MachineFacts): Check | undefined {
  const restrict = readKernelSetting('kptr_restrict');
  if (restrict === undefined) return undefined;
  if (restrict < 2 && showsKernelAddresses()) {
    return ok('kptr-restrict', `kernel.kptr_restrict is ${restrict}: kernel frames are symbolized`);
  }
  if (restrict < 2 && missingNeeded.length > 0) {
    return ok(
      'kptr-restrict',
      `kernel.kptr_restrict is ${restrict}: kernel frames are symbolized for privileged users`,
    );
  }
  const found = `kernel.kptr_restrict is ${restrict}: kernel frames are not symbolized for this user`;
  // With 0, and paranoid above 1, the kernel still asks for cap_syslog: kallsyms_show_value of kernel/ksyms_common.c.
  const settings =
    restrict === 2 ? 'kernel.kptr_restrict=1' : 'kernel.kptr_restrict=0 kernel.perf_event_paranoid=1';
  return warning('kptr-restrict', found, `sudo sysctl ${settings}`);
}

/** Hidden addresses read as zeros. */
function showsKernelAddresses(): boolean {
  try {
    const file = openSync('/proc/kallsyms', 'r');
    const bytes = Buffer.alloc(KALLSYMS_BYTES);
    const length = readSync(file, bytes);
    closeSync(file);
    return /^0*[1-9a-f][0-9a-f]* [tT] /m.test(bytes.toString('latin1', 0, length));
  } catch {
    return false;
  }
}

function sampleRate(): Check | undefined {
  const maxHz = readKernelSetting('perf_event_max_sample_rate');
  if (maxHz === undefined) return undefined;
  const found = `the kernel allows ${maxHz} samples per second (kernel.perf_event_max_sample_rate)`;
  if (maxHz >= WRAPPER_HZ) return ok('sample-rate', found);
  const fix = `sudo sysctl kernel.perf_event_max_sample_rate=100000\n--frequency ${maxHz}   stays within the limit`;
  return warning('sample-rate', `${found}; cargo profile-bee uses ${WRAPPER_HZ}`, fix);
}

function lockedMemory(): Check | undefined {
  const perCpu = readKernelSetting('perf_event_mlock_kb');
  if (perCpu === undefined) return undefined;
  const found = `a user may lock ${perCpu} KiB per CPU for perf events, and one run needs ${RINGS_KIB_PER_CPU}`;
  if (perCpu >= RINGS_KIB_PER_CPU) return ok('locked-memory', found);
  return warning('locked-memory', found, 'sudo sysctl kernel.perf_event_mlock_kb=516');
}

function traceFileSystem(): Check {
  const places = ['/sys/kernel/tracing/events', '/sys/kernel/debug/tracing/events'];
  const mounted = places.find((path) => existsSync(path));
  const found =
    mounted === undefined ? 'tracefs is not mounted or not accessible' : `tracefs is at ${mounted}`;
  return ok('tracefs', `${found}; sampling does not need it`);
}
