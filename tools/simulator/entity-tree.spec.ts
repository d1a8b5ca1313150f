import { entityTree } from './entity-tree.mjs';

describe('the entities of a simulated site', () => {
  const kindsOf = (count: number): string[] => entityTree(count).map(({ kind }) => kind);

  it.each([0, 1, 2, 15, 16, 150, 1_000])('are as many as asked: %i', (count) => {
    expect(entityTree(count)).toHaveLength(count);
  });

  it('are of every kind, most of them cameras', () => {
    const kinds = kindsOf(150);
    expect(new Set(kinds)).toEqual(new Set(['area', 'camera', 'door', 'input', 'output', 'zone', 'alarm']));
    expect(kinds.filter((kind) => kind === 'camera').length).toBeGreaterThan(50);
  });

  it('have ids of their own', () => {
    const ids = entityTree(1_000).map(({ remoteId }) => remoteId);
    expect(new Set(ids).size).toBe(1_000);
  });

  it('form one tree: every parent is an area that was named before', () => {
    const areas = new Set<string>();
    for (const { remoteId, kind, parentId } of entityTree(300)) {
      if (parentId !== undefined) expect(areas).toContain(parentId);
      if (kind === 'area') areas.add(remoteId);
      else expect(parentId).toBeDefined();
    }
    expect([...areas].filter((id) => id.includes('floor')).length).toBeGreaterThan(10);
  });

  it('are the same every time', () => {
    expect(entityTree(150)).toEqual(entityTree(150));
  });

  it('have cameras with a stream for every usage, some of which can be turned', () => {
    const cameras = entityTree(150).filter(({ kind }) => kind === 'camera');
    expect(cameras.every(({ streams }) => streams.length === 2)).toBe(true);
    expect(new Set(cameras.map(({ ptz }) => ptz))).toEqual(new Set([true, false]));
  });
});
