import type { EntityPlace } from '@app/persistence';
import { entityTree } from './entity-tree.js';

const place = (
  remoteId: string,
  parentRemoteId: string | null = null,
  more: Partial<EntityPlace> = {},
): EntityPlace => ({
  id: `id-${remoteId}`,
  remoteId,
  parentRemoteId,
  kind: 'camera',
  name: remoteId,
  state: 'online',
  stateReason: null,
  ...more,
});
const area = (remoteId: string, parentRemoteId: string | null = null): EntityPlace =>
  place(remoteId, parentRemoteId, { kind: 'area' });

const outline = (places: readonly EntityPlace[], from?: string): string[] =>
  entityTree(places, from).map(({ place: { remoteId }, depth }) => `${'-'.repeat(depth - 1)}${remoteId}`);

describe('entityTree', () => {
  const house = [
    area('house'),
    area('floor', 'house'),
    place('cam-1', 'floor'),
    place('cam-2', 'floor', { state: 'offline' }),
    place('door', 'house', { kind: 'door', state: 'unknown' }),
    place('gate'),
  ];

  it('puts each entity before what is in it', () => {
    expect(outline(house)).toEqual(['house', '-floor', '--cam-1', '--cam-2', '-door', 'gate']);
  });

  it('counts the states of all that is below, but areas', () => {
    const nodes = entityTree(house);
    expect(nodes[0]).toMatchObject({ children: 2, below: { online: 1, offline: 1, unknown: 1 } });
    expect(nodes[1]).toMatchObject({ children: 2, below: { online: 1, offline: 1, unknown: 0 } });
    expect(nodes.at(-1)).toMatchObject({ children: 0, below: { online: 0, offline: 0, unknown: 0 } });
  });

  it('begins below one that is named', () => {
    expect(outline(house, 'house')).toEqual(['floor', '-cam-1', '-cam-2', 'door']);
    expect(outline(house, 'gate')).toEqual([]);
  });

  it('leaves nothing out: neither what is nowhere nor what is in itself', () => {
    expect(outline([place('lost', 'demolished')])).toEqual(['lost']);
    expect(outline([place('self', 'self')])).toEqual(['self']);
    const ring = [area('a', 'c'), area('b', 'a'), area('c', 'b'), place('cam', 'b')];
    expect(outline(ring)).toEqual(['a', '-b', '--c', '--cam']);
    expect(entityTree(ring)[0]).toMatchObject({ below: { online: 1 } });
    expect(outline(ring, 'b')).toEqual(['c', '-a', 'cam']);
  });

  it('takes a chain as long as a site may have entities', () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => place(`${n}`, n === 0 ? null : `${n - 1}`));
    const nodes = entityTree(chain);
    expect(nodes).toHaveLength(20_000);
    expect(nodes.at(-1)?.depth).toBe(20_000);
    expect(nodes[0]?.below.online).toBe(19_999);
  });
});
