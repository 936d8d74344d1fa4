import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isInInterrupt } from '../oracles/interrupt-samples.js';
import { totalCount } from '../results/folded-stacks.js';
import { undisturbed } from '../results/undisturbed.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot, needsRunsOfRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';

test('fired is within 2 % of expected on a CPU-bound program', needsRoot, async () => {
  const args = ['--frequency', '997', '--', builtProgram('spin'), '--seconds', '10'];
  const { summary, stacks } = await undisturbed(
    () => profileWith({ command: 'profile-bee', args }),
    ({ summary: { samples } }) => samples.fired < 0.98 * samples.expected,
  );
  const { fired, expected } = summary.samples;
  // The kernel does not charge interrupts to the task that they stop: on a busy machine they come on top.
  const inInterrupts = totalCount(stacks.filter(isInInterrupt));
  const seen = `${fired} fired, ${inInterrupts} of them in interrupts, ${expected} expected`;
  assert.ok(fired >= 0.98 * expected && fired - inInterrupts <= 1.02 * expected, seen);
  assert.ok(summary.samples.delivered >= 0.98 * summary.samples.fired);
});

const unbounded = needsRunsOfRoot('setup bounds the frequency');
// Stacks that take longer than there is between two ticks: half of those do not come.
test(
  'ticks that the kernel skips are counted: with them, fired is within 3 % of expected',
  unbounded,
  async () => {
    const program = [builtProgram('deep'), '--depth', '1024', '--seconds', '0.5'];
    const { summary } = await profileWith({
      command: 'profile-bee',
      args: ['--frequency', '40000', '--', ...program],
    });
    const { samples, event, problems } = summary;
    const share = (samples.fired + event.skipped) / samples.expected;
    const seen = `${JSON.stringify(samples)} ${JSON.stringify(event)}`;
    assert.ok(Math.abs(share - 1) < 0.03, seen);
    assert.ok(event.throttled <= event.skipped, seen);
    const isPoor = event.throttled > 0.02 * (samples.fired + event.skipped);
    assert.equal(
      problems.some(({ code }) => code === 'throttled-samples'),
      isPoor,
    );
  },
);

test(
  'more than the machine can do is asked for: it is said, less is taken, and the run ends',
  unbounded,
  async () => {
    const mostHz = Number(readFileSync('/proc/sys/kernel/perf_event_max_sample_rate', 'utf8'));
    const args = ['--frequency', String(mostHz), '--', builtProgram('spin'), '--seconds', '0.3'];
    const { summary } = await profileWith({ command: 'profile-bee', args });
    const { frequencyHz } = summary.event;
    const said = summary.problems.find(({ code }) => code === 'high-frequency')?.message ?? '';
    const expected =
      frequencyHz < mostHz ? new RegExp(`sampling at ${frequencyHz} Hz`) : /interrupts every CPU/;
    assert.match(said, expected);
    assert.ok(summary.samples.delivered > 0 && frequencyHz > 5_000, JSON.stringify(summary.samples));
  },
);

// A stack of 900 frames is longer than the whole ring: every new stack of `deep` must be lost, and counted.
test(
  'a ring of 4 KiB loses samples, counts them under ringbufFull, and the accounts add up',
  needsRoot,
  async () => {
    const { summary } = await profileWith({
      command: 'profile-bee',
      args: ['--frequency', '997', '--', builtProgram('deep'), '--seconds', '2'],
      env: { PROFILE_BEE_RING_BYTES: '4096' },
    });
    const { samples } = summary;
    assert.ok((samples.lost.ringbufFull ?? 0) > 0, JSON.stringify(samples));
    assert.ok(samples.fired >= 1_000, `${samples.fired} fired`);
    assert.ok(samples.delivered < samples.fired);
    assert.ok(summary.problems.length > 0, 'a profile that lost samples says so');
  },
);

const traced = needsRunsOfRoot('strace takes file capabilities away from what an ordinary user traces');
test('user stacks are not copied: no perf event asks for them', traced, async () => {
  const run = await profileWith({
    command: 'profile-bee',
    args: ['--frequency', '997', '--', builtProgram('server'), '--seconds', '1'],
    through: [
      'strace',
      '-f',
      '-e',
      'trace=perf_event_open',
      '-e',
      'signal=none',
      '-v',
      '-o',
      'perf-events.txt',
    ],
  });
  const trace = readFileSync(join(run.scratch, 'perf-events.txt'), 'utf8');
  assert.match(trace, /perf_event_open\(\{type=PERF_TYPE_/, 'strace saw the perf events');
  assert.doesNotMatch(trace, /PERF_SAMPLE_STACK_USER/);
  assert.ok(run.summary.samples.delivered > 100);
});

test(
  'the peak of memory is this program’s, not that of the shell that has become it',
  needsRoot,
  async () => {
    const grown = 'x=$(head -c 300000000 /dev/zero | tr "\\0" a); exec "$@"';
    const args = ['--', '/bin/true'];
    const through = ['/bin/sh', '-c', grown, 'sh'];
    const { summary } = await profileWith({ command: 'profile-bee', args, through });
    const { cliPeakRssBytes } = summary.cost;
    assert.ok(cliPeakRssBytes > 20e6 && cliPeakRssBytes < 250e6, `${cliPeakRssBytes}`);
  },
);
