import { constants } from 'node:os';
import { needsUserNamespaces, withMounts, withOwnPids } from '../running/own-mounts.js';
import { overMountedFile, refusing, withoutTypes } from './hostile-room.js';

/** Machines that cannot, made with what makes them so: mounts, namespaces, bounding sets and filters. */
export interface Room {
  what: string;
  /** `needsRoot` when absent. */
  needs?: { skip: string | false };
  through: () => string[];
  code: 77 | 125;
  /** In the summary's problems. */
  problem: string;
  says: RegExp;
  advises: RegExp;
  /** The line of the doctor that is a problem for the same reason. */
  check: string;
}

const { EPERM, ENOSYS } = constants.errno;

export const UNFIT_ROOMS: Room[] = [
  {
    what: 'no BTF',
    through: () => withMounts('mount -t tmpfs none /sys/kernel/btf'),
    code: 125,
    problem: 'no-btf',
    says: /there is no \/sys\/kernel\/btf\/vmlinux/,
    advises: /CONFIG_DEBUG_INFO_BTF/,
    check: 'btf',
  },
  {
    what: 'no sysfs',
    through: () => withMounts('mount -t tmpfs none /sys'),
    code: 125,
    problem: 'no-btf',
    says: /sysfs is not mounted/,
    advises: /mount -t sysfs/,
    check: 'btf',
  },
  {
    what: 'no bpf_loop (by its name), and programs that do not load',
    through: () => withoutTypes('BPF_FUNC_loop', 'task_struct'),
    code: 125,
    problem: 'no-bpf-loop',
    says: /has no bpf_loop/,
    advises: /Linux 5\.17/,
    check: 'bpf-loop',
  },
  {
    what: 'no ring buffer (by its name), and programs that do not load',
    through: () => withoutTypes('BPF_MAP_TYPE_RINGBUF', 'BPF_FUNC_loop', 'task_struct'),
    code: 125,
    problem: 'no-ring-buffer',
    says: /has no ring buffer/,
    advises: /Linux 5\.17/,
    check: 'ring-buffer',
  },
  {
    what: 'lockdown in the mode confidentiality',
    through: () => overMountedFile('/sys/kernel/security/lockdown', 'none integrity [confidentiality]'),
    code: 125,
    problem: 'lockdown',
    says: /locked down \(confidentiality\)/,
    advises: /lockdown=integrity/,
    check: 'lockdown',
  },
  {
    what: 'a user namespace',
    needs: needsUserNamespaces,
    through: () => ['unshare', '--user', '--map-root-user'],
    code: 77,
    problem: 'user-namespace',
    says: /user namespace of its own/,
    advises: /--userns=host|sudo podman/,
    check: 'user-namespace',
  },
  {
    what: 'a pid namespace without capabilities: both flags at once',
    through: () => ['setpriv', '--bounding-set=-bpf,-syslog', ...withOwnPids()],
    code: 77,
    problem: 'pid-namespace',
    says: /process id namespace of its own/,
    advises: /run --pid=host --cap-add BPF --cap-add SYSLOG …/,
    check: 'pid-namespace',
  },
  ...(['bpf', 'perfmon'] as const).map(
    (name): Room => ({
      what: `a root without cap_${name}`,
      through: () => ['setpriv', `--bounding-set=-${name}`],
      code: 77,
      problem: 'not-privileged',
      says: new RegExp(`root has no cap_${name} here \\(`),
      advises: new RegExp(`run --cap-add ${name.toUpperCase()} …`),
      check: 'capabilities',
    }),
  ),
  ...(['bpf', 'perf_event_open'] as const).flatMap((call) =>
    [EPERM, ENOSYS].map(
      (errno): Room => ({
        what: `a seccomp filter that refuses ${call} with ${errno}`,
        through: () => refusing(call, errno),
        code: 77,
        problem: 'seccomp',
        says: new RegExp(`a seccomp filter on this process .* refuses ${call}\\(\\)`),
        advises: /--security-opt seccomp=/,
        check: 'seccomp',
      }),
    ),
  ),
];
