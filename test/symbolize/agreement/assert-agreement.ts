import assert from 'node:assert/strict';
import type { SymbolStyle } from '../../../src/ffi/symbolizer.js';
import { type Agreement, agreeing, agreementWithLlvm, KINDS } from './agreement.js';
import type { Program } from './programs.js';
import { randomCodeAddresses } from './random-addresses.js';

export const LEAST_AGREEMENT = 0.999;

/** Fails when more than one chain of a thousand differs in a way that no kind explains; returns what was found. */
export async function assertAgreement(
  { name, path }: Program,
  addressCount: number,
  style: SymbolStyle = { isLikeLlvm: true },
): Promise<Agreement> {
  const addresses = randomCodeAddresses(path, addressCount, 7);
  const agreement = await agreementWithLlvm(path, addresses, style);
  const share = agreeing(agreement) / agreement.total;
  const line = `${name}: ${agreementLine(agreement)}`;
  assert.ok(share >= LEAST_AGREEMENT, [line, ...agreement.examples].join('\n'));
  return agreement;
}

export function agreementLine(agreement: Agreement): string {
  const { total, raw, explained } = agreement;
  const kinds = KINDS.filter((kind) => explained[kind] > 0).map((kind) => `${explained[kind]} ${kind}`);
  const shares = `${agreeing(agreement)} of ${total} chains agree, ${raw} as they are`;
  return [shares, ...kinds].join(', ');
}
