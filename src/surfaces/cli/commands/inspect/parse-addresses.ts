import { UsageError } from '../../../../cargo/command/usage-error.js';

const ADDRESS = /^(?:0[xX])?([0-9a-fA-F]{1,16})$/;

/** Hexadecimal, with or without 0x, one per line; skips empty lines. Throws UsageError with the line's number. */
export function parseAddresses(text: string): bigint[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === '' ? [] : [parseAddress(trimmed, index + 1)];
  });
}

function parseAddress(text: string, lineNumber: number): bigint {
  const [, digits] = ADDRESS.exec(text) ?? [];
  if (digits !== undefined) return BigInt(`0x${digits}`);
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw new UsageError(
    `line ${lineNumber} of standard input is not an address: ${shown}`,
    'write addresses in hexadecimal, one per line, with or without 0x',
  );
}
