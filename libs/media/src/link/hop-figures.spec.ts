import { readHop } from './hop-figures.js';

describe('readHop', () => {
  const hop = { ackP50Ms: 1, ackP95Ms: 2.5, roundTripMs: 1, inFlightBytes: 0, droppedUnits: 0, dropEpisodes: 0 };

  it('takes what it knows and nothing else', () => {
    expect(readHop({ state: 'up', hop: { ...hop, more: 'x' } })).toEqual(hop);
  });

  it.each([
    [{}],
    [{ hop: null }],
    [{ hop: 'fast' }],
    [{ hop: {} }],
    [{ hop: { ...hop, ackP50Ms: -1 } }],
    [{ hop: { ...hop, droppedUnits: '7' } }],
    [{ hop: { ...hop, inFlightBytes: 1e300 } }],
  ])('takes nothing from %j', (message) => {
    expect(readHop(message)).toBeUndefined();
  });
});
