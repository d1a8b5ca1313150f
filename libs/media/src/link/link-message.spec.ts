import { readState } from './link-message.js';

const state = (message: object): ReturnType<typeof readState> => readState(Buffer.from(JSON.stringify(message)));

describe('STATE', () => {
  it('tells which stream runs, where the sender says it', () => {
    const rendition = { usage: 'low-res', reason: 'uplink' };
    expect(state({ state: 'up', code: '', ...rendition })).toEqual({ isUp: true, code: '', rendition });
    expect(state({ state: 'up', code: '' }).rendition).toBeUndefined();
  });

  it.each([
    [{ usage: 'low-res' }],
    [{ usage: 5, reason: '' }],
    [{ usage: 'a'.repeat(65), reason: '' }],
    [{ usage: '<b>', reason: '' }],
    [{ usage: 'low-res', reason: 'up\nlink' }],
  ])('passes nothing on of %j', (members) => {
    expect(state({ state: 'up', code: '', ...members }).rendition).toBeUndefined();
  });
});
