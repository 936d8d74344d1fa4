import { FRAME_LAYOUT } from '../../src/ffi/layout.js';
import { FRAME_RULE_NAMES, type FrameRuleName } from '../../src/ffi/record-names.js';

/** A user frame in a record. */
export function frameWord(object: number, rule: FrameRuleName, address: bigint): bigint {
  const { objectShift, ruleShift } = FRAME_LAYOUT;
  return (
    (BigInt(object) << BigInt(objectShift)) |
    (BigInt(FRAME_RULE_NAMES.indexOf(rule)) << BigInt(ruleShift)) |
    address
  );
}
