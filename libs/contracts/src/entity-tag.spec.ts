import { canonicalJson, ResourceTag } from './entity-tag.js';

interface Door {
  name: string;
  notes?: string | undefined;
  place: { lat: number; lon: number };
  state: string;
}
const door: Door = { name: 'Gate', place: { lat: 1, lon: 2 }, state: 'up' };
const tags = new ResourceTag<Door>(['state']);

const refused = (ifMatch: readonly string[] | undefined, resource: Door): string | undefined => {
  try {
    tags.require(ifMatch, resource);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a resource’s tag', () => {
  it('is the same for equal resources, whatever the order of their members', () => {
    expect(tags.of({ state: 'up', place: { lon: 2, lat: 1 }, notes: undefined, name: 'Gate' })).toBe(tags.of(door));
    expect(tags.of(door)).toMatch(/^"[\w-]{16}\.[\w-]{16}"$/);
  });

  it.each([
    ['a change', { ...door, name: 'Door' }],
    ['a change inside', { ...door, place: { lat: 1, lon: 3 } }],
    ['what is reported', { ...door, state: 'down' }],
  ])('is another one after %s', (_title, other) => expect(tags.of(other)).not.toBe(tags.of(door)));

  it('lets a change pass whose If-Match knows what callers see, and no other', () => {
    expect(refused(undefined, door)).toBeUndefined();
    expect(refused(['*'], door)).toBeUndefined();
    expect(refused([tags.of(door)], { ...door, state: 'down' })).toBeUndefined();
    expect(refused(['"x"', tags.of(door)], door)).toBeUndefined();
    expect(refused([tags.of(door)], { ...door, name: 'Door' })).toBe('precondition-failed');
    expect(refused([`W/${tags.of(door)}`], door)).toBe('precondition-failed');
    expect(refused([], door)).toBe('precondition-failed');
  });
});

it('canonical JSON orders members at every depth and leaves lists alone', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }, 'a'], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},"a"]}');
  expect(canonicalJson(undefined)).toBe('null');
});
