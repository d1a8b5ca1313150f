import { chooseStream, effectiveUsages } from './stream-choice.js';

const small = { usages: [], width: 640, height: 360 };
const large = { usages: [], width: 1920, height: 1080 };

describe('chooseStream', () => {
  it.each([
    ['live', [small, large], 1],
    ['recording', [small, large], 1],
    ['high-res', [small, large], 1],
    ['low-res', [large, small], 1],
    ['remote', [large, small], 1],
    ['low-res', [large], 0],
  ] as const)('answers %s by size when no stream names it', (usage, streams, index) => {
    expect(chooseStream(streams, usage)).toEqual({ index, usage });
  });

  it('takes the stream that names the usage, whatever its size', () => {
    const named = { ...small, usages: ['high-res' as const] };
    expect(chooseStream([large, named], 'high-res')).toEqual({ index: 1, usage: 'high-res' });
  });

  it('resolves automatic to high-res', () => {
    expect(chooseStream([small, large], 'automatic')).toEqual({ index: 1, usage: 'high-res' });
  });

  it('trusts the order of the list while sizes are unknown', () => {
    const unknown = { usages: [], width: null, height: null };
    expect(chooseStream([unknown, unknown], 'live')?.index).toBe(0);
    expect(chooseStream([unknown, unknown], 'low-res')?.index).toBe(1);
  });

  it('finds nothing in a camera without streams', () => {
    expect(chooseStream([], 'live')).toBeUndefined();
  });
});

describe('effectiveUsages', () => {
  it('gives every usage to exactly one stream', () => {
    expect(effectiveUsages([large])).toEqual([['live', 'recording', 'remote', 'low-res', 'high-res']]);
    expect(effectiveUsages([large, small])).toEqual([
      ['live', 'recording', 'high-res'],
      ['remote', 'low-res'],
    ]);
    expect(effectiveUsages([{ ...large, usages: ['recording'] }, small])).toEqual([
      ['live', 'recording', 'high-res'],
      ['remote', 'low-res'],
    ]);
  });
});
