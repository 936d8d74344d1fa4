/**
 * The `skip` option of every kernel test. As root nothing is skipped: what the machine lacks then (BPF, perf,
 * strace) fails the test, so that a green run means that it ran.
 */
export const needsRoot: { skip: string | false } = {
  skip: process.getuid?.() === 0 ? false : 'needs root: loads BPF programs and opens per-CPU perf events',
};

/** Also not where the runs of these tests are an ordinary user's (BEE_TESTS_AS_USER). */
export function needsRunsOfRoot(why: string): { skip: string | false } {
  return process.env.BEE_TESTS_AS_USER === undefined ? needsRoot : { skip: why };
}
