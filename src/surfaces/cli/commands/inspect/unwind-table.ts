import { UnwindTable } from '../../../../ffi/unwind-table.js';
import { printText } from '../../terminal/print-text.js';
import type { CommandLine } from '../command.js';
import { unreadableFile } from './unreadable-file.js';
import { unwindRuleText } from './unwind-rule-text.js';

/** Prints one line per row, in chunks. Throws UsageError, WriteFailure. */
export async function printUnwindTable({ operand }: CommandLine): Promise<number> {
  using table = readTable(operand!);
  const rules = table.rules.map(unwindRuleText);
  for (const rows of table.chunks()) {
    const lines = rows.map(({ address, rule }) => `${hex(address)} ${rules[rule]}\n`);
    if (!(await printText(lines.join('')))) break;
  }
  return 0;
}

function readTable(path: string): UnwindTable {
  try {
    return UnwindTable.read(path);
  } catch (error) {
    throw unreadableFile(error);
  }
}

function hex(address: bigint): string {
  return address.toString(16).padStart(16, '0');
}
