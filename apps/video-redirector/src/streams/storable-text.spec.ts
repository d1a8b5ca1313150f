import { storableText } from './storable-text.js';

describe('a text of a stranger', () => {
  it.each([
    ['VLC/3.0 ☕', 'VLC/3.0 ☕'],
    ['a\0b\nc', 'a b c'],
    ['\ud83d alone, \udc00 too', '  alone,   too'],
    ['🎥', '🎥'],
  ])('%j can be stored as %j', (text, stored) => {
    expect(storableText(text, 200)).toBe(stored);
  });

  it('is cut, and not through the middle of a character', () => {
    expect(storableText('ab🎥', 3)).toBe('ab ');
  });
});
