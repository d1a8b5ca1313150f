import { isWanted } from './event-store.js';

describe('what roles want of the events of their site', () => {
  it.each([
    [['*'], 'camera.motion', true],
    [[], 'camera.motion', false],
    [['camera.motion'], 'camera.motion', true],
    [['camera.motion'], 'camera.motions', false],
    [['input.*', 'camera.*'], 'camera.motion', true],
    [['input.*'], 'camera.motion', false],
    [[], 'events.lost', true],
  ])('%j, of %s: %s', (types, type, wanted) => {
    expect(isWanted(types, type)).toBe(wanted);
  });
});
