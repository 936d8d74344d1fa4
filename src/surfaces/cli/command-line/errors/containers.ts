import { CAPTURE_SAMPLES, explanation, START_SAMPLER, type TextsOf } from './explanation.js';
import { sharePids, shareUsers, withoutSeccomp, withoutSecurityModule } from './phrases/container-advice.js';

/** What a container, a namespace, a seccomp filter or a security module denies to this process. */
export const CONTAINER_TEXTS: TextsOf<'pid-namespace' | 'user-namespace' | 'seccomp' | 'security-module'> = {
  'pid-namespace': ({ container, missing }) =>
    explanation(
      CAPTURE_SAMPLES,
      'this process has a process id namespace of its own (a container), so the kernel knows its processes by other ids',
      sharePids(container, missing),
    ),
  'user-namespace': ({ container }) =>
    explanation(
      CAPTURE_SAMPLES,
      'this process has a user namespace of its own (a rootless container?), whose root has no rights outside of it',
      shareUsers(container),
    ),
  seccomp: ({ systemCall, container }) =>
    explanation(
      START_SAMPLER,
      `a seccomp filter on this process (a container’s, a service’s) refuses ${systemCall}()`,
      ...withoutSeccomp(container),
    ),
  'security-module': ({ systemCall, container }) =>
    explanation(
      START_SAMPLER,
      `the kernel refuses ${systemCall}() although the capabilities are there; the likely cause is a security module (AppArmor, SELinux)`,
      withoutSecurityModule(container),
    ),
};
