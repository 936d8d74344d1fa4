import { loadLibbee } from './libbee.js';
import { FRAME_RULE_NAMES, LOSS_NAMES, OUTCOME_NAMES } from './record-names.js';
import { CFA_REGISTERS, FP_KINDS, RULE_LAYOUT, UNWIND_KINDS } from './unwind-table.js';
import { FRAME_LAYOUT, STACK_LAYOUT } from './wire/stack-layout.js';

export { FRAME_LAYOUT, STACK_LAYOUT };

/** Our constants under the names of the native report. */
export function expectedLayout(): Record<string, number> {
  return {
    ...prefixed('stack', Object.entries(STACK_LAYOUT)),
    ...prefixed('frame', Object.entries(FRAME_LAYOUT)),
    ...prefixed('outcome', numbered(OUTCOME_NAMES)),
    ...prefixed('rule', numbered(FRAME_RULE_NAMES)),
    ...prefixed('loss', numbered(LOSS_NAMES)),
    ...prefixed('unwind_rule', Object.entries(RULE_LAYOUT)),
    ...prefixed('unwind', numbered(UNWIND_KINDS)),
    ...prefixed('cfa_register', numbered(CFA_REGISTERS)),
    ...prefixed('fp', numbered(FP_KINDS)),
  };
}

/** The same facts as seen by libbee's C compiler. */
export function reportedLayout(): Record<string, number> {
  return loadLibbee().layout();
}

function prefixed(prefix: string, entries: readonly [string, number][]): Record<string, number> {
  return Object.fromEntries(entries.map(([name, value]) => [`${prefix}.${name}`, value]));
}

function numbered(names: readonly string[]): [string, number][] {
  return names.map((name, index) => [name, index]);
}
