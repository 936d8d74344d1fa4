// Writes the names of outcomes, frame rules and losses from bpf/record.h as TypeScript; Rust's come from its build.rs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.mjs';

const LISTS = [
  ['BEE_OUTCOMES', 'OUTCOME_NAMES', 'OutcomeName', 'How the walk over a user stack ended'],
  ['BEE_FRAME_RULES', 'FRAME_RULE_NAMES', 'FrameRuleName', 'The rule by which a user frame was found'],
  ['BEE_LOSSES', 'LOSS_NAMES', 'LossName', 'Why a sample that fired was not delivered'],
];
/** As the formatter breaks lines. */
const MAX_COLUMNS = 110;

export function writeRecordNames() {
  const header = readFileSync(join(root, 'bpf', 'record.h'), 'utf8').replaceAll('\\\n', ' ');
  const path = join(root, 'src', 'ffi', 'record-names.ts');
  const text = `// Written by the build from bpf/record.h.\n${LISTS.map((list) => listOf(header, ...list)).join('')}`;
  if (readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

function listOf(header, macro, constant, type, describe) {
  const [, entries] = new RegExp(`^#define ${macro}\\(X\\)(.*)$`, 'm').exec(header);
  const names = [...entries.matchAll(/X\(\w+, (\w+)\)/g)].map(([, name]) => `'${name}'`);
  const line = `export const ${constant} = [${names.join(', ')}] as const;\n`;
  const lines = `export const ${constant} = [\n${names.map((name) => `  ${name},\n`).join('')}] as const;\n`;
  const values = line.length <= MAX_COLUMNS ? line : lines;
  return `\n/** ${describe}; the index is the wire value. */\n${values}export type ${type} = (typeof ${constant})[number];\n`;
}
