import { encodeSortedCursor, type Sort, SortedList } from './sorted-list.js';
import type { SqlValue } from './transaction.js';

const ID = '01900000-0000-7000-8000-000000000001';
const list = new SortedList<'name' | 'at'>(
  { name: { sql: 'lower(n)', type: 'text' }, at: { sql: 'at', type: 'timestamptz' } },
  'id',
);
const up = (by: 'name' | 'at'): Sort<'name' | 'at'> => ({ by, descending: false });
const down = (by: 'name' | 'at'): Sort<'name' | 'at'> => ({ by, descending: true });
const AT = '2026-01-01 10:00:00.123456+00';

describe('a sorted list', () => {
  it.each([
    ['one key', [up('name')], '(lower(n), id) > ($1::text, $2::uuid)', 'lower(n), id'],
    ['one key downwards', [down('at')], '(at, id) < ($1::timestamptz, $2::uuid)', 'at DESC, id DESC'],
    [
      'keys in both directions',
      [down('at'), up('name')],
      '((at < $1::timestamptz) OR (at = $1::timestamptz AND lower(n) > $2::text) OR (at = $1::timestamptz AND lower(n) = $2::text AND id < $3::uuid))',
      'at DESC, lower(n), id DESC',
    ],
  ])('goes on by %s', (_title, sorts, condition, order) => {
    const values: SqlValue[] = [];
    const after = { values: sorts.map(({ by }) => (by === 'at' ? AT : 'x')), id: ID };
    expect(list.behind({ limit: 1, sorts, after }, values)).toBe(condition);
    expect(values).toEqual([...after.values, ID]);
    expect(list.orderBy(sorts)).toBe(order);
    expect(list.behind({ limit: 1, sorts }, [])).toBe('true');
  });

  it('takes its own cursor for the same sort and filters alone', () => {
    const cursor = { values: [AT, 'ä'], id: ID };
    const sorts = [up('at'), up('name')];
    const text = encodeSortedCursor(cursor, sorts, { q: 'a', state: undefined });
    expect(list.decode(text, sorts, { q: 'a' })).toEqual(cursor);
    expect(list.decode(text, [up('name'), up('at')], { q: 'a' })).toBeNull();
    expect(list.decode(text, [down('at'), up('name')], { q: 'a' })).toBeNull();
    expect(list.decode(text, sorts, { q: 'b' })).toBeNull();
    expect(list.decode(text, sorts, {})).toBeNull();
  });

  it.each([
    ['of another form', 'x'],
    ['of no JSON', Buffer.from('{').toString('base64url')],
    ['with a time that is none', encodeSortedCursor({ values: ['2026-13-01 10:00:00+00'], id: ID }, [up('at')], {})],
    ['with an id that is none', encodeSortedCursor({ values: [AT], id: 'x' }, [up('at')], {})],
    ['with too few values', encodeSortedCursor({ values: [], id: ID }, [up('at')], {})],
    ['with a number', encodeSortedCursor({ values: [1 as unknown as string], id: ID }, [up('at')], {})],
  ])('refuses a cursor %s', (_title, text) => expect(list.decode(text, [up('at')], {})).toBeNull());

  it.each([
    ['with U+0000', 'a\0'],
    ['that is too long', 'x'.repeat(501)],
  ])('refuses a text %s', (_title, value) => {
    const text = encodeSortedCursor({ values: [value], id: ID }, [up('name')], {});
    expect(list.decode(text, [up('name')], {})).toBeNull();
  });
});
