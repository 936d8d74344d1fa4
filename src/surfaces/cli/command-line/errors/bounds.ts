import type { ExceededBound } from '../../../../ffi/sampler-messages.js';
import { explanation, START_SAMPLER, type TextsOf } from './explanation.js';
import { SAME_COMMAND_AS_ROOT } from './phrases/same-command-as-root.js';

/** The kernel's default, used if the setting cannot be read. */
const USUAL_MLOCK_KIB = 516;

/** Limits on all runs together of one user. */
export const BOUND_TEXTS: TextsOf<'over-bound' | 'locked-memory'> = {
  'over-bound': ({ bound }) => {
    const { what, less, more } = TERMS[bound.code](bound);
    return explanation(
      START_SAMPLER,
      exceeds(bound, what),
      `lower ${less}, or end the other runs`,
      `profile-bee setup ${more}   allows more; an administrator types it`,
      `${SAME_COMMAND_AS_ROOT.replace(/\)$/, '')}: root has no bounds)`,
    );
  },
  'locked-memory': ({ perCpuKiB }) =>
    explanation(
      START_SAMPLER,
      `the memory that a user may lock for perf events is used up${perCpuKiB === undefined ? '' : ` (kernel.perf_event_mlock_kb is ${perCpuKiB})`}`,
      `sudo sysctl kernel.perf_event_mlock_kb=${2 * (perCpuKiB ?? USUAL_MLOCK_KIB)}   or ulimit -l unlimited, or end the other profiler`,
    ),
};

const TERMS: Record<
  ExceededBound['code'],
  (bound: ExceededBound) => { what: string; less: string; more: string }
> = {
  'over-frequency': ({ need }) => ({
    what: 'samples a second',
    less: '--frequency',
    more: `--max-frequency ${need}`,
  }),
  'over-memory': () => ({
    what: 'MB of the kernel’s memory',
    less: '--table-memory',
    more: '--max-memory MB',
  }),
};

function exceeds({ need, taken, most }: ExceededBound, what: string): string {
  const others = taken > need ? ` and other runs of this user ${taken - need}` : '';
  return `this run takes ${need} ${what}${others}, and the administrator allows each user ${most} (profile-bee setup)`;
}
