import type { Capability } from '../../../../../capture/rights/capabilities.js';

/** Names as the kernel's tools spell them, joined for a sentence: `cap_bpf and cap_perfmon`. */
export function capabilityNames(names: readonly Capability[]): string {
  const spelled = names.map((name) => `cap_${name}`);
  return [spelled.slice(0, -1).join(', '), ...spelled.slice(-1)].filter(Boolean).join(' and ');
}
