import type { SymbolStyle } from '../../../src/ffi/symbolizer.js';
import { symbolizeFile } from '../../../src/symbolize/symbolize-file.js';
import { type Chain, type ChainFrame, chainText } from './chain.js';
import { llvmChains } from './llvm-symbolizer.js';

/** Differences that are known and explained; what is left is a fault of one side. */
export const KINDS = [
  'column of line 0',
  'symbol-table name',
  'source file of a symbol table',
  'symbol beyond its function',
] as const;
type Kind = (typeof KINDS)[number];

export interface Agreement {
  total: number;
  /** Identical as they are. */
  raw: number;
  /** Identical but for differences of these kinds. */
  explained: Record<Kind, number>;
  /** `address`, ours, theirs: the first few. */
  examples: string[];
}

const MAX_EXAMPLES = 5;

export async function chainsOf(
  path: string,
  addresses: readonly bigint[],
  style: SymbolStyle,
): Promise<Chain[]> {
  const resolved = await symbolizeFile(path, addresses, { demangle: 'none', ...style });
  return addresses.map((_, index) =>
    resolved.framesAt(index).filter(({ unnamedStart }) => unnamedStart === undefined),
  );
}

/** Our chains against those of llvm-symbolizer, for the same addresses. */
export async function agreementWithLlvm(
  path: string,
  addresses: readonly bigint[],
  style: SymbolStyle,
): Promise<Agreement> {
  return compare(addresses, await chainsOf(path, addresses, style), llvmChains(path, addresses));
}

export function compare(
  addresses: readonly bigint[],
  ours: readonly Chain[],
  theirs: readonly Chain[],
): Agreement {
  const explained = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  const agreement: Agreement = { total: addresses.length, raw: 0, explained, examples: [] };
  addresses.forEach((address, index) => {
    const [own, their] = [ours[index] ?? [], theirs[index] ?? []];
    const kinds = differences(own, their);
    if (kinds === undefined) note(agreement, address, own, their);
    else if (kinds.size === 0) agreement.raw += 1;
    else for (const kind of kinds) explained[kind] += 1;
    if (kinds !== undefined && kinds.size > 1) explained[[...kinds][1]!] -= kinds.size - 1;
  });
  return agreement;
}

export function agreeing({ raw, explained }: Agreement): number {
  return raw + KINDS.reduce((sum, kind) => sum + explained[kind], 0);
}

/** The kinds of what differs; undefined when something differs that no kind explains. */
function differences(ours: Chain, theirs: Chain): Set<Kind> | undefined {
  if (ours.length === 0 && isSymbolAlone(theirs)) return new Set(['symbol beyond its function']);
  if (ours.length !== theirs.length) return undefined;
  const kinds = new Set<Kind>();
  for (const [index, own] of ours.entries()) {
    const their = theirs[index]!;
    const isOutermost = index === ours.length - 1;
    if (own.name !== their.name && !isOutermost) return undefined;
    if (own.name !== their.name) kinds.add('symbol-table name');
    if (own.line !== their.line || !isSamePlace(own, their, kinds)) return undefined;
  }
  return kinds;
}

/**
 * A symbol without a size, `_init`: up to the next one for them, for us up to the end of its FDE, its section or its own
 * code, so that padding is nobody's. They tell the source file of a local one, and no line.
 */
function isSymbolAlone([frame, ...more]: Chain): boolean {
  return more.length === 0 && frame?.line === 0 && frame.column === 0;
}

function isSamePlace(own: ChainFrame, their: ChainFrame, kinds: Set<Kind>): boolean {
  if (own.column !== their.column) {
    if (own.line !== 0) return false;
    kinds.add('column of line 0');
  }
  if (own.file !== their.file) {
    if (own.file !== '' || own.line !== 0) return false;
    kinds.add('source file of a symbol table');
  }
  return true;
}

function note({ examples }: Agreement, address: bigint, own: Chain, their: Chain): void {
  if (examples.length >= MAX_EXAMPLES) return;
  examples.push(`0x${address.toString(16)}\n  ours:\n${chainText(own)}\n  theirs:\n${chainText(their)}`);
}
