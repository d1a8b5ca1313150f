import { SessionError } from './errors.js';
import type { FieldSpec, FieldTable } from './frame.js';

type ValueOf<S extends FieldSpec> = S['kind'] extends 'text' ? string : number;
type Required<T extends FieldTable> = { [K in keyof T as T[K]['required'] extends true ? K : never]: ValueOf<T[K]> };
type Optional<T extends FieldTable> = { [K in keyof T as T[K]['required'] extends true ? never : K]?: ValueOf<T[K]> };
export type FieldsOf<T extends FieldTable> = Required<T> & Optional<T>;

/** tag u8, length u16 (SPEC.md section 3). */
const PREFIX_BYTES = 3;
const NUMBER_BYTES = { u32: 4, u53: 8 } as const;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws RangeError when a value does not fit its field: a fault of the caller, not of the peer. */
export function encodeFields<T extends FieldTable>(table: T, values: FieldsOf<T>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, spec] of Object.entries(table)) {
    const value = (values as Record<string, string | number | undefined>)[name];
    if (value === undefined) {
      if (spec.required) throw new RangeError(`field ${name} is missing`);
      continue;
    }
    const body = encodeValue(name, spec, value);
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
    prefix.writeUInt8(spec.tag, 0);
    prefix.writeUInt16BE(body.length, 1);
    parts.push(prefix, body);
  }
  return Buffer.concat(parts);
}

/** @throws SessionError `bad-field` on anything the table does not allow; unknown tags are skipped. */
export function decodeFields<T extends FieldTable>(table: T, payload: Buffer): FieldsOf<T> {
  const values: Record<string, string | number> = {};
  for (let at = 0; at < payload.length;) {
    if (payload.length - at < PREFIX_BYTES) throw new SessionError('bad-field', 'truncated');
    const tag = payload.readUInt8(at);
    const end = at + PREFIX_BYTES + payload.readUInt16BE(at + 1);
    if (end > payload.length) throw new SessionError('bad-field', 'truncated');
    const entry = Object.entries(table).find(([, spec]) => spec.tag === tag);
    if (entry !== undefined) {
      const [name, spec] = entry;
      if (name in values) throw new SessionError('bad-field', `${name} appears twice`);
      values[name] = decodeValue(name, spec, payload.subarray(at + PREFIX_BYTES, end));
    }
    at = end;
  }
  for (const [name, spec] of Object.entries(table)) {
    if (spec.required && !(name in values)) throw new SessionError('bad-field', `${name} is missing`);
  }
  return values as FieldsOf<T>;
}

/** Longest prefix of `text` that fits `maxBytes` of UTF-8 without cutting a character. */
export function clip(text: string | undefined, maxBytes: number): string | undefined {
  if (text === undefined || Buffer.byteLength(text) <= maxBytes) return text;
  const cut = Buffer.from(text).subarray(0, maxBytes);
  return cut.toString('utf8').replace(/\uFFFD+$/, '');
}

function encodeValue(name: string, spec: FieldSpec, value: string | number): Buffer {
  if (spec.kind === 'text') {
    const text = Buffer.from(String(value));
    if (text.length > spec.max) throw new RangeError(`field ${name} is longer than ${spec.max} bytes`);
    return text;
  }
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0 || number > spec.max)
    throw new RangeError(`field ${name} is out of range`);
  const body = Buffer.allocUnsafe(NUMBER_BYTES[spec.kind]);
  if (spec.kind === 'u32') body.writeUInt32BE(number);
  else body.writeBigUInt64BE(BigInt(number));
  return body;
}

function decodeValue(name: string, spec: FieldSpec, body: Buffer): string | number {
  if (spec.kind === 'text') {
    if (body.length > spec.max) throw new SessionError('bad-field', `${name} is longer than ${spec.max} bytes`);
    try {
      return UTF8.decode(body);
    } catch {
      throw new SessionError('bad-field', `${name} is not UTF-8`);
    }
  }
  if (body.length !== NUMBER_BYTES[spec.kind]) throw new SessionError('bad-field', `${name} has the wrong size`);
  const value = spec.kind === 'u32' ? body.readUInt32BE() : Number(body.readBigUInt64BE());
  if (value > spec.max) throw new SessionError('bad-field', `${name} is out of range`);
  return value;
}
