import type { FailedStep } from '../../../../../ffi/sampler-messages.js';
import { type Explanation, explanation } from '../explanation.js';
import { errnoText } from './system-error-text.js';

/** The sampler's steps by their names in native/sampler, worded to follow "cannot". */
export const SAMPLER_STEPS: Readonly<Record<string, string>> = {
  'announce-need': 'say what this run will take',
  'attach-perf-event': 'attach the BPF program to a perf event',
  'attach-tracepoint': 'attach a BPF program to a tracepoint',
  'check-starter': 'serve this user',
  'connect-to-client': 'connect to the command',
  'drop-privileges': 'give up the sampler’s other rights',
  'find-bpf-program': 'find the BPF program',
  'find-map': 'find a BPF map',
  'identify-caller': 'find out who started the sampler',
  'leave-sudo': 'go on without sudo',
  'load-bpf-programs': 'load the BPF programs',
  'lock-perf-memory': 'lock memory for the records of perf events',
  'map-memory': 'map the memory of a BPF map',
  'open-bpf-programs': 'open the BPF programs',
  'open-map': 'open a BPF map',
  'open-sampling-event': 'open the sampling event',
  'open-side-band-events': 'open the perf events that tell of new mappings',
  'read-claims': 'see what other runs of this user take',
  'read-request': 'understand the command',
  'read-ring-buffer': 'read the ring buffer',
  'receive-request': 'hear from the command',
  'send-news': 'answer the command',
  'set-up-map': 'set up a BPF map',
  'switch-perf-events': 'switch sampling on or off',
  'wait-for-news': 'wait for events',
  'wait-for-walks': 'wait for the samples that were under way',
  'write-map': 'write to a BPF map',
};

export function explainStep(
  { step, subject, errno, detail }: FailedStep,
  ...advice: readonly string[]
): Explanation {
  const attempted = SAMPLER_STEPS[step] ?? step.replaceAll('-', ' ');
  const said = detail || (errno === 0 ? 'the sampler gives no reason' : errnoText(errno));
  return explanation(attempted, subject === '' ? said : `${subject}: ${said}`, ...advice);
}
