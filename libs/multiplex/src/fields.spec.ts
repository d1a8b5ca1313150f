import fc from 'fast-check';
import { SessionError } from './errors.js';
import { clip, decodeFields, encodeFields, type FieldsOf } from './fields.js';
import {
  CLOSE_FIELDS,
  CODE_FIELDS,
  type FieldSpec,
  type FieldTable,
  GOAWAY_FIELDS,
  HELLO_FIELDS,
  OPEN_FIELDS,
  WELCOME_FIELDS,
} from './frame.js';

const TABLES = Object.entries({ HELLO_FIELDS, WELCOME_FIELDS, CLOSE_FIELDS, GOAWAY_FIELDS, OPEN_FIELDS, CODE_FIELDS });

const valueOf = (spec: FieldSpec): fc.Arbitrary<string | number> =>
  spec.kind === 'text'
    ? fc.string({ maxLength: Math.floor(spec.max / 4), unit: 'grapheme-ascii' })
    : fc.nat(Math.min(spec.max, 0x7fff_ffff));

function valuesOf(table: FieldTable): fc.Arbitrary<FieldsOf<FieldTable>> {
  const arbitraries = Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, valueOf(spec)]));
  const requiredKeys = Object.keys(table).filter((name) => table[name]?.required);
  return fc.record(arbitraries, { requiredKeys }) as fc.Arbitrary<FieldsOf<FieldTable>>;
}

function failure(table: FieldTable, payload: Buffer): string | undefined {
  try {
    decodeFields(table, payload);
    return undefined;
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

const code = (text: string): Buffer => encodeFields(CODE_FIELDS, { code: text });

describe.each(TABLES)('%s', (_, table: FieldTable) => {
  it('comes back as it was encoded', () => {
    fc.assert(
      fc.property(valuesOf(table), (values) => {
        expect(decodeFields(table, encodeFields(table, values))).toEqual({ ...values });
      }),
      { numRuns: 100 },
    );
  });

  it('cut at any byte is refused, or is a whole payload that ends earlier', () => {
    fc.assert(
      fc.property(valuesOf(table), (values) => {
        const payload = encodeFields(table, values);
        for (let length = 0; length < payload.length; length += 1) {
          const outcome = failure(table, payload.subarray(0, length));
          if (outcome === undefined) expect(values).toMatchObject(decodeFields(table, payload.subarray(0, length)));
          else expect(outcome).toBe('bad-field');
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('a payload', () => {
  it('may carry fields of a later version', () => {
    const later = Buffer.from([0xc8, 0, 2, 1, 2]);
    expect(decodeFields(CODE_FIELDS, Buffer.concat([later, code('x'), later]))).toEqual({ code: 'x' });
  });

  it.each([
    ['is empty', Buffer.alloc(0)],
    ['repeats a field', Buffer.concat([code('a'), code('a')])],
    ['has a text over its maximum', Buffer.concat([Buffer.from([1, 0, 65]), Buffer.alloc(65, 'a')])],
    ['is not UTF-8', Buffer.from([1, 0, 2, 0xc3, 0x28])],
  ])('that %s is refused', (_, payload) => {
    expect(failure(CODE_FIELDS, payload)).toBe('bad-field');
  });

  it.each([
    ['a number of the wrong size', Buffer.from([2, 0, 1, 1])],
    ['a class that does not exist', Buffer.from([2, 0, 4, 0, 0, 0, 5])],
  ])('with %s is refused', (_, field) => {
    const service = Buffer.from([1, 0, 1, 0x61]);
    expect(failure(OPEN_FIELDS, Buffer.concat([service, field]))).toBe('bad-field');
  });

  it('is never built from values that do not fit', () => {
    expect(() => code('x'.repeat(65))).toThrow(RangeError);
    expect(() => encodeFields(OPEN_FIELDS, { service: 'a', class: 9 })).toThrow(RangeError);
  });

  it('is clipped between characters', () => {
    expect(clip('aüü', 4)).toBe('aü');
    expect(clip('abc', 3)).toBe('abc');
  });
});
