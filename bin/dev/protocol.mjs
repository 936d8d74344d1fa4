// Writes the protocol of native/wire/protocol.json in Rust and in TypeScript.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.mjs';

const RUST = join('native', 'wire', 'src', 'protocol.rs');
const RUST_CHECK = join('native', 'wire', 'src', 'check.rs');
const TYPESCRIPT = join('src', 'ffi', 'wire', 'protocol.ts');
const ORIGIN = '// Written by the build from native/wire/protocol.json.';
/** Types of fields: `count` is a u64 that TypeScript has as a number, exact below 2^53. */
const RUST_TYPES = {
  u32: 'u32',
  u64: 'u64',
  i64: 'i64',
  count: 'u64',
  bool: 'bool',
  text: 'String',
  bytes: 'Bytes',
};
const TS_TYPES = {
  u32: 'number',
  u64: 'bigint',
  i64: 'bigint',
  count: 'number',
  bool: 'boolean',
  text: 'string',
  bytes: 'Uint8Array',
};
/** As the formatters break comments and lines. */
const MAX_COLUMNS = 110;

/** The generated files' text, by path. */
export function protocolFiles() {
  const table = JSON.parse(readFileSync(join(root, 'native', 'wire', 'protocol.json'), 'utf8'));
  const records = recordsOf(table);
  const kinds = Object.entries({ ...table.messages, ...table.raw });
  kinds.sort(([, first], [, second]) => first.kind - second.kind);
  return {
    [RUST]: rust(table, records, kinds),
    [RUST_CHECK]: rustCheck(table),
    [TYPESCRIPT]: typescript(table, records, kinds),
  };
}

/** Name, doc and fields of each record: those of messages last, since they are made of the others. */
function recordsOf({ records, messages }) {
  const ofMessages = Object.entries(messages).filter(([, { fields }]) => fields !== undefined);
  return [
    ...Object.entries(records).map(([name, record]) => recordOf(name, record)),
    ...ofMessages.map(([name, message]) => recordOf(message.record ?? name, message)),
  ];
}

function recordOf(name, { doc, fields }) {
  const list = Object.entries(fields).map(([field, [number, typeText, about]]) => {
    const [, type, arity] = /^(\w+)(\?|\[\])?$/.exec(typeText);
    return { name: field, number, type, arity: { '?': 'optional', '[]': 'list' }[arity] ?? 'one', about };
  });
  if (new Set(list.map(({ number }) => number)).size !== list.length)
    throw new Error(`protocol.json: two fields of ${name} have the same number`);
  return { name, doc, fields: list };
}

function rust({ version, choices }, records, kinds) {
  const constants = kinds.map(
    ([name, { kind, doc }]) => `${comment('///', doc)}pub const ${constantOf(name)}: u16 = ${kind};\n`,
  );
  const lists = Object.entries(choices).map(([name, { doc, values }]) => {
    const texts = values.map((value) => `"${value}"`).join(', ');
    return `${comment('///', doc)}pub const ${snakeCase(name).toUpperCase()}S: [&str; ${values.length}] = [${texts}];\n`;
  });
  return [
    `${ORIGIN}\n\n//! Kinds of messages, and what their fields are.\n\n`,
    'use crate::record::{record, Bytes};\n\n',
    `pub const PROTOCOL_VERSION: u32 = ${version};\n\n`,
    ...lists,
    '\n',
    ...constants,
    ...records.map(rustRecord),
  ].join('');
}

function rustCheck({ messages }) {
  const events = Object.entries(messages).filter(([, { from }]) => from === 'sampler');
  const arms = events.map(([name, { record, isVersioned }]) => {
    const type = record ?? name;
    const read = isVersioned ? `read_versioned::<${type}>(payload).map(drop)` : `read::<${type}>(payload)`;
    return `        ${constantOf(name)} => ${read},\n`;
  });
  return [
    `${ORIGIN}\n\n//! Messages are looked at before anybody relies on them.\n\n`,
    'use crate::protocol::*;\nuse crate::record::Record;\nuse crate::version::{read_versioned, Unreadable};\n\n',
    '/// Whether a message of the sampler is what its kind says. None: the kind is unknown, or packed.\n',
    'pub fn check(kind: u16, payload: &[u8]) -> Option<Result<(), Unreadable>> {\n    Some(match kind {\n',
    ...arms,
    '        _ => return None,\n    })\n}\n\n',
    'fn read<R: Record>(payload: &[u8]) -> Result<(), Unreadable> {\n',
    '    R::read(payload).map(drop).map_err(Unreadable::Malformed)\n}\n',
  ].join('');
}

function rustRecord({ name, doc, fields }) {
  const members = fields.map(({ name: field, number, type, arity, about }) => {
    const single = RUST_TYPES[type] ?? type;
    const full = { one: single, optional: `Option<${single}>`, list: `Vec<${single}>` }[arity];
    return `${comment('        ///', about)}        ${number} "${field}" ${snakeCase(field)}: ${full},\n`;
  });
  return `\nrecord! {\n${comment('    ///', doc)}    ${name} {\n${members.join('')}    }\n}\n`;
}

function typescript({ version, choices }, records, kinds) {
  const lists = Object.entries(choices).map(([name, { doc, values }]) => {
    const texts = values.map((value) => `'${value}'`).join(', ');
    return `\n/** ${doc} */\nexport const ${snakeCase(name).toUpperCase()}S = [${texts}] as const;\n`;
  });
  const entries = kinds.map(([name, { kind }]) => `  ${camelCase(name)}: ${kind},\n`);
  return [
    `${ORIGIN}\nimport type { Layout } from './fields.js';\n\n`,
    `export const PROTOCOL_VERSION = ${version};\n`,
    ...lists,
    `\n/** Kinds of messages. */\nexport const MESSAGE = {\n${entries.join('')}} as const;\n`,
    ...records.map(tsRecord),
  ].join('');
}

function tsRecord({ name, doc, fields }) {
  const members = fields.map(({ name: field, type, arity, about }) => {
    const single = TS_TYPES[type] ?? type;
    const mark = arity === 'optional' ? '?' : '';
    const full = arity === 'list' ? `readonly ${single}[]` : single + (mark && ' | undefined');
    return `${blockComment('  ', about)}  ${field}${mark}: ${full};\n`;
  });
  const layout = fields.map(({ name: field, number, type, arity }) => {
    const of = type in TS_TYPES ? `'${type}'` : layoutOf(type);
    return `{ number: ${number}, name: '${field}', type: ${of}, arity: '${arity}' }`;
  });
  const interfaceText =
    members.length === 0
      ? `export type ${name} = Record<never, never>;\n`
      : `export interface ${name} {\n${members.join('')}}\n`;
  const begin = `export const ${layoutOf(name)}: Layout<${name}> = [`;
  const line = `${begin}${layout.join(', ')}];\n`;
  const lines = `${begin}\n${layout.map((field) => `  ${field},\n`).join('')}];\n`;
  const array = layout.length < 2 && line.length <= MAX_COLUMNS ? line : lines;
  return `\n${blockComment('', doc)}${interfaceText}\n${array}`;
}

function layoutOf(name) {
  return `${snakeCase(name).toUpperCase()}_LAYOUT`;
}

function constantOf(name) {
  return `MESSAGE_${snakeCase(name).toUpperCase()}`;
}

function snakeCase(name) {
  return name
    .replaceAll('MiB', 'Mib')
    .replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase();
}

function camelCase(name) {
  return name[0].toLowerCase() + name.slice(1);
}

/** Lines that begin with `mark`; nothing without a text. */
function comment(mark, text) {
  if (text === undefined) return '';
  return wrapped(text, MAX_COLUMNS - mark.length)
    .map((line) => `${mark} ${line}\n`)
    .join('');
}

function blockComment(indent, text) {
  if (text === undefined) return '';
  const line = `${indent}/** ${text} */\n`;
  if (line.length <= MAX_COLUMNS) return line;
  const lines = wrapped(text, MAX_COLUMNS - indent.length - 3).map((part) => `${indent} * ${part}\n`);
  return `${indent}/**\n${lines.join('')}${indent} */\n`;
}

function wrapped(text, columns) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (longer.length < columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
