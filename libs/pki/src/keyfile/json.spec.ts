import fc from 'fast-check';
import { canonicalJson } from './canonical.js';
import { JsonError, parseStrictJson } from './json.js';

function faultOf(text: string): string {
  try {
    parseStrictJson(text);
    return 'accepted';
  } catch (error) {
    return error instanceof JsonError ? error.fault : String(error);
  }
}

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const formatted = JSON.stringify(JSON.parse(text), null, indent);
        expect(JSON.stringify(parseStrictJson(formatted))).toBe(JSON.stringify(JSON.parse(formatted)));
      }),
    );
  });

  it('accepts nothing that JSON.parse refuses', () => {
    const alphabet = fc.constantFrom(...'{}[]",:\\u0019truefalsn-.eE+ \n\u0001'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 24 }), (text) => {
        if (faultOf(text) === 'accepted') expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'duplicate-member'],
    ['{"a":{"b":1,"b":2}}', 'duplicate-member'],
    ['{"a":1', 'truncated'],
    ['{"a', 'truncated'],
    ['[tru', 'truncated'],
    ['{"a":1}}', 'not-json'],
    ['{a:1}', 'not-json'],
    ['["\u0001"]', 'not-json'],
    ['['.repeat(9000), 'not-json'],
  ])('answers %j with %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });
});

describe('canonical JSON', () => {
  it('does not depend on the order in which members stand', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: 0.667 })).toBe('{"a":0.667,"b":[1,{"c":"é","d":null}]}');
  });
});
