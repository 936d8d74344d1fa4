import { visibleText } from '../../../../render/visible-text.js';
import type { Check, CheckStatus } from './check.js';
import type { Verdict } from './verdict.js';

const COLOUR: Record<CheckStatus, number> = { ok: 32, warning: 33, problem: 31 };
const STATUS_WIDTH = 'problem'.length + 2;

/** One line per check, its fixes indented below it, and the verdict. */
export function doctorText(checks: readonly Check[], { message }: Verdict, isColoured: boolean): string {
  const width = Math.max(...checks.map(({ code }) => code.length)) + 2;
  const lines = checks.flatMap((check) => {
    const status =
      paint(check.status, COLOUR[check.status], isColoured) + ' '.repeat(STATUS_WIDTH - check.status.length);
    const line = `${status}${check.code.padEnd(width)}${visibleText(check.found)}`;
    const fixes = check.fix?.split('\n') ?? [];
    return [line, ...fixes.map((fix) => `${' '.repeat(STATUS_WIDTH)}fix: ${visibleText(fix)}`)];
  });
  return `${[...lines, '', visibleText(message)].join('\n')}\n`;
}

function paint(text: string, colour: number, isColoured: boolean): string {
  return isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
