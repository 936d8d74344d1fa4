/**
 * The tagged fields of native/wire/src/fields.rs: `u16 number, u8 type, u8 zero, u32 length, value`, back to back,
 * little-endian. A list is several fields of one number.
 */

const HEAD_BYTES = 8;
const NUMBER_BYTES = 8;
const TYPE = { unsigned: 1, signed: 2, text: 3, bytes: 4, record: 5 } as const;

export type FieldType = 'u32' | 'u64' | 'i64' | 'count' | 'bool' | 'text' | 'bytes' | Layout<unknown>;

/** `count` is a 64-bit number that becomes a `number`, exact below 2^53. */
export interface FieldLayout {
  number: number;
  name: string;
  type: FieldType;
  arity: 'one' | 'optional' | 'list';
}

/** The fields of a record that TypeScript knows as `T`. */
export type Layout<T> = readonly FieldLayout[] & { readonly of?: T };

/** A record that does not have the fields of its layout. */
export class MalformedRecord extends Error {
  override readonly name = 'MalformedRecord';
}

export function encodeRecord<T extends object>(layout: Layout<T>, record: T): Uint8Array {
  const values = record as Record<string, unknown>;
  const parts = layout.flatMap((field) => {
    const value = values[field.name];
    const list = field.arity === 'list' ? (value as readonly unknown[]) : value === undefined ? [] : [value];
    return list.map((single) => encodeField(field, single));
  });
  return Buffer.concat(parts);
}

function encodeField({ number, type }: FieldLayout, value: unknown): Buffer {
  const [tag, bytes] = encodeValue(type, value);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16LE(number, 0);
  head.writeUInt8(tag, 2);
  head.writeUInt32LE(bytes.byteLength, 4);
  return Buffer.concat([head, bytes]);
}

function encodeValue(type: FieldType, value: unknown): [tag: number, bytes: Uint8Array] {
  switch (type) {
    case 'text':
      return [TYPE.text, Buffer.from(value as string)];
    case 'bytes':
      return [TYPE.bytes, value as Uint8Array];
    case 'i64':
      return [TYPE.signed, sixtyFourBits(value as bigint)];
    case 'u32':
    case 'u64':
    case 'count':
    case 'bool':
      return [TYPE.unsigned, sixtyFourBits(BigInt(value as number | bigint | boolean))];
    default:
      return [TYPE.record, encodeRecord(type as Layout<object>, value as object)];
  }
}

function sixtyFourBits(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

/** Skips fields that the layout does not have. Throws MalformedRecord. */
export function decodeRecord<T>(layout: Layout<T>, bytes: Uint8Array): T {
  const record: Record<string, unknown> = {};
  for (const { name, arity } of layout) if (arity === 'list') record[name] = [];
  for (const { number, tag, value } of readFields(bytes)) {
    const field = layout.find((candidate) => candidate.number === number);
    if (field === undefined) continue;
    const decoded = decodeValue(field, tag, value);
    if (field.arity === 'list') (record[field.name] as unknown[]).push(decoded);
    else record[field.name] = decoded;
  }
  const missing = layout.find(({ name, arity }) => arity === 'one' && !(name in record));
  if (missing !== undefined) throw new MalformedRecord(`the field ${missing.name} is missing`);
  return record as T;
}

interface RawField {
  number: number;
  tag: number;
  value: Buffer;
}

function* readFields(bytes: Uint8Array): Generator<RawField> {
  let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (rest.length > 0) {
    const length = rest.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : rest.readUInt32LE(4);
    if (HEAD_BYTES + length > rest.length) throw new MalformedRecord('a field is longer than its message');
    const value = rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
    yield { number: rest.readUInt16LE(0), tag: rest.readUInt8(2), value };
    rest = rest.subarray(HEAD_BYTES + length);
  }
}

function decodeValue({ name, type }: FieldLayout, tag: number, value: Buffer): unknown {
  const expect = (expected: number, bytes = value.length): void => {
    if (tag !== expected || value.length !== bytes)
      throw new MalformedRecord(`the field ${name} has another type`);
  };
  switch (type) {
    case 'text':
      expect(TYPE.text);
      return value.toString('utf8');
    case 'bytes':
      expect(TYPE.bytes);
      return new Uint8Array(value);
    case 'i64':
      expect(TYPE.signed, NUMBER_BYTES);
      return value.readBigInt64LE();
    case 'u64':
      expect(TYPE.unsigned, NUMBER_BYTES);
      return value.readBigUInt64LE();
    case 'u32':
    case 'count':
      expect(TYPE.unsigned, NUMBER_BYTES);
      return Number(value.readBigUInt64LE());
    case 'bool':
      expect(TYPE.unsigned, NUMBER_BYTES);
      return value.readBigUInt64LE() !== 0n;
    default:
      expect(TYPE.record);
      return decodeRecord(type, value);
  }
}
