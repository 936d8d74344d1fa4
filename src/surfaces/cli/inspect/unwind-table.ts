import { NativeError } from '../../../ffi/native-error.js';
import { UnwindTable } from '../../../ffi/unwind-table.js';
import { printText } from '../print-text.js';
import { UsageProblem } from '../usage-problem.js';
import { unwindRuleText } from './unwind-rule-text.js';

/** One line per row on standard output, a piece at a time. Throws UsageProblem, WriteFailure. */
export async function printUnwindTable(path: string): Promise<void> {
  using table = readTable(path);
  const rules = table.rules.map(unwindRuleText);
  for (const rows of table.chunks()) {
    const lines = rows.map(({ address, rule }) => `${hex(address)} ${rules[rule]}\n`);
    if (!(await printText(lines.join('')))) return;
  }
}

function readTable(path: string): UnwindTable {
  try {
    return UnwindTable.read(path);
  } catch (error) {
    if (!(error instanceof NativeError) || error.code === 'ELIBACC') throw error;
    throw new UsageProblem(reasonOf(error));
  }
}

/** As the commands say it: no capital, no full stop, and the system's number for the error left out. */
function reasonOf({ message }: NativeError): string {
  return message.replace(/^Cannot/, 'cannot').replace(/ \(os error \d+\)|\.$/g, '');
}

function hex(address: bigint): string {
  return address.toString(16).padStart(16, '0');
}
