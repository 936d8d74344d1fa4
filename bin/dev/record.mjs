// Writes bpf/record.h in other languages: the layout of its stack in Rust and TypeScript, the names of outcomes, frame rules
// and losses in TypeScript (the sampler's build.rs writes those in Rust).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.mjs';

const LISTS = [
  ['BEE_OUTCOMES', 'OUTCOME_NAMES', 'OutcomeName', 'How the walk over a user stack ended'],
  ['BEE_FRAME_RULES', 'FRAME_RULE_NAMES', 'FrameRuleName', 'The rule by which a user frame was found'],
  ['BEE_LOSSES', 'LOSS_NAMES', 'LossName', 'Why a sample that fired was not delivered'],
];
/** As the formatter breaks lines. */
const MAX_COLUMNS = 110;

const ORIGIN = '// Written by the build from bpf/record.h.\n';
const TYPE_BYTES = { __u8: 1, __u16: 2, __u32: 4, __u64: 8, char: 1 };

/** The generated files' text, by path. */
export function recordFiles() {
  const header = readFileSync(join(root, 'bpf', 'record.h'), 'utf8').replaceAll('\\\n', ' ');
  return {
    [join('src', 'ffi', 'record-names.ts')]: ORIGIN + LISTS.map((list) => listOf(header, ...list)).join(''),
    [join('src', 'ffi', 'wire', 'stack-layout.ts')]: typescriptLayout(header),
    [join('native', 'wire', 'src', 'stack_layout.rs')]: rustLayout(header),
  };
}

function typescriptLayout(header) {
  const { size, fields } = structOf(header, 'bee_stack');
  const offsets = fields.map(({ name, offset }) => `  ${name}: ${offset},\n`).join('');
  const frame = { addressBits: 'ADDRESS_BITS', ruleShift: 'RULE_SHIFT', objectShift: 'OBJECT_SHIFT' };
  const bits = Object.entries(frame).map(
    ([name, define]) => `${name}: ${defined(header, `BEE_FRAME_${define}`)}`,
  );
  return [
    `${ORIGIN}\n/** struct bee_stack: byte offsets. test/ffi/layout.test.ts compares them with the C compiler's. */\n`,
    `export const STACK_LAYOUT = {\n  size: ${size},\n${offsets}  frames: ${size},\n} as const;\n\n`,
    '/** A user frame word: address, rule and object, from the lowest bit up. */\n',
    `export const FRAME_LAYOUT = { ${bits.join(', ')} } as const;\n`,
  ].join('');
}

function rustLayout(header) {
  const { size, fields } = structOf(header, 'bee_stack');
  const offset = ({ name, offset }) => `pub const STACK_${name.toUpperCase()}: usize = ${offset};\n`;
  const kinds = /enum bee_record_kind \{(.*?)\}/s.exec(header)[1].matchAll(/BEE_(\w+) = (\d+)/g);
  const number = (name, type) => `pub const ${name}: ${type} = ${defined(header, `BEE_${name}`)};\n`;
  return [
    `${ORIGIN}\n//! struct bee_stack, byte offsets: what crosses from the BPF programs to the client.\n\n`,
    ...fields.map(offset),
    `pub const STACK_SIZE: usize = ${size};\n`,
    number('COMM_BYTES', 'usize'),
    "\n/// A user frame's word: address, rule, object.\n",
    ...['FRAME_ADDRESS_BITS', 'FRAME_RULE_SHIFT', 'FRAME_OBJECT_SHIFT'].map((name) => number(name, 'u32')),
    '\n/// Kinds of records; only stacks leave the sampler.\n',
    ...Array.from(kinds, ([, name, value]) => `pub const ${name}: u8 = ${value};\n`),
  ].join('');
}

/** Naturally aligned, as record.h promises and layout.c checks; a nested struct's members as `outer_inner`. */
function structOf(header, struct) {
  const body = new RegExp(`^struct ${struct} \\{\\n(.*?)^\\};`, 'ms')
    .exec(header)[1]
    .replace(/\/\*.*?\*\//gs, '');
  const fields = [];
  let [size, alignment] = [0, 1];
  for (const [, nested, type, name, count] of body.matchAll(/(struct )?(\w+) (\w+)(?:\[(\w+)\])?;/g)) {
    const inner = nested
      ? structOf(header, type)
      : { size: TYPE_BYTES[type], alignment: TYPE_BYTES[type], fields: [] };
    size = Math.ceil(size / inner.alignment) * inner.alignment;
    const offset = size;
    if (nested)
      fields.push(
        ...inner.fields.map((field) => ({ name: `${name}_${field.name}`, offset: offset + field.offset })),
      );
    else if (name !== 'reserved') fields.push({ name, offset });
    size += inner.size * (count === undefined ? 1 : Number.parseInt(count, 10) || defined(header, count));
    alignment = Math.max(alignment, inner.alignment);
  }
  return { size: Math.ceil(size / alignment) * alignment, alignment, fields };
}

function defined(header, name) {
  return Number(new RegExp(`^#define ${name} (\\d+)$`, 'm').exec(header)[1]);
}

function listOf(header, macro, constant, type, describe) {
  const [, entries] = new RegExp(`^#define ${macro}\\(X\\)(.*)$`, 'm').exec(header);
  const names = [...entries.matchAll(/X\(\w+, (\w+)\)/g)].map(([, name]) => `'${name}'`);
  const line = `export const ${constant} = [${names.join(', ')}] as const;\n`;
  const lines = `export const ${constant} = [\n${names.map((name) => `  ${name},\n`).join('')}] as const;\n`;
  const values = line.length <= MAX_COLUMNS ? line : lines;
  return `\n/** ${describe}; the index is the wire value. */\n${values}export type ${type} = (typeof ${constant})[number];\n`;
}
