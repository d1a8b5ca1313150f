import { decodeCursor, encodeCursor, pageOf } from './cursor.js';

const ID = '01900000-0000-7000-8000-000000000001';
const AT = '2026-11-23 12:57:48.123456+00';

describe('cursor', () => {
  it('comes back as it was made, microseconds included', () => {
    expect(decodeCursor(encodeCursor({ at: AT, id: ID }))).toEqual({ at: AT, id: ID });
  });

  it.each([
    ['an empty text', ''],
    ['no base64url', '%%%'],
    ['JSON of another shape', Buffer.from('{"at":1}').toString('base64url')],
    ['a time that is none', Buffer.from(JSON.stringify(['2026-13-45 99:00:00+00', ID])).toString('base64url')],
    ['a day that no calendar has', Buffer.from(JSON.stringify(['2026-02-31 00:00:00+00', ID])).toString('base64url')],
    ['the year nought', Buffer.from(JSON.stringify(['0000-01-01 00:00:00+00', ID])).toString('base64url')],
    ['an offset of days', Buffer.from(JSON.stringify(['2026-01-01 00:00:00+99', ID])).toString('base64url')],
    ['SQL in place of the time', Buffer.from(JSON.stringify(['now(); DROP TABLE site', ID])).toString('base64url')],
    ['an id that is none', Buffer.from(JSON.stringify([AT, 'x'])).toString('base64url')],
    ['three members', Buffer.from(JSON.stringify([AT, ID, 1])).toString('base64url')],
  ])('is refused when it is %s', (_name, text) => {
    expect(decodeCursor(text)).toBeNull();
  });

  it('points behind the last row shown, and is null on the last page', () => {
    const rows = ['a', 'b', 'c'].map((name) => ({ name, cursor_at: AT, cursor_id: ID }));
    expect(pageOf(rows, 2, ({ name }) => name)).toEqual({
      items: ['a', 'b'],
      nextCursor: encodeCursor({ at: AT, id: ID }),
    });
    expect(pageOf(rows, 3, ({ name }) => name).nextCursor).toBeNull();
    expect(pageOf([], 3, () => 0)).toEqual({ items: [], nextCursor: null });
  });
});
