import type { SiteEntity } from './entity.js';
import { SiteDirectory } from './site-directory.js';

const camera = (remoteId: string, name = remoteId): SiteEntity => ({
  remoteId,
  kind: 'camera',
  name,
  state: 'online',
  stateReason: '',
  streams: [],
});

describe('SiteDirectory', () => {
  it('gives each change a higher revision and hands out what came after one', () => {
    const directory = new SiteDirectory();
    const start = directory.revision;
    directory.upsert(camera('a'));
    const afterFirst = directory.revision;
    directory.upsert(camera('b'));
    directory.remove('a');
    expect(directory.changesSince(start)?.map((change) => change.kind)).toEqual(['upsert', 'upsert', 'removed']);
    expect(directory.changesSince(afterFirst)).toHaveLength(2);
    expect(directory.changesSince(directory.revision)).toEqual([]);
  });

  it('does not count an entity that did not change', () => {
    const directory = new SiteDirectory();
    directory.upsert(camera('a'));
    const revision = directory.revision;
    directory.upsert(camera('a'));
    directory.remove('unheard-of');
    expect(directory.revision).toBe(revision);
  });

  it('asks for a snapshot when the changes in between are forgotten', () => {
    const directory = new SiteDirectory({ maxLoggedChanges: 2 });
    const start = directory.revision;
    for (const id of ['a', 'b', 'c']) directory.upsert(camera(id));
    expect(directory.changesSince(start)).toBeUndefined();
    expect(directory.changesSince(start + 1)).toHaveLength(2);
  });

  it('asks for a snapshot for a revision of an earlier process, also when the clock went back', () => {
    const earlier = new SiteDirectory({ now: () => 1_000 });
    earlier.upsert(camera('a'));
    expect(new SiteDirectory({ now: () => 2_000 }).changesSince(earlier.revision)).toBeUndefined();
    expect(new SiteDirectory({ now: () => 500 }).changesSince(earlier.revision)).toBeUndefined();
    expect(new SiteDirectory().changesSince(0)).toBeUndefined();
  });

  it('tells subscribers of each change until they leave', () => {
    const directory = new SiteDirectory();
    let told = 0;
    const leave = directory.subscribe(() => told++);
    directory.upsert(camera('a'));
    leave();
    directory.upsert(camera('b'));
    expect(told).toBe(1);
  });

  it('keeps what several connectors have in common until the last of them lets go of it', () => {
    const directory = new SiteDirectory();
    const [one, other] = [directory.sink(), directory.sink()];
    for (const sink of [one, other]) sink.upsert({ ...camera('hall'), kind: 'area' });
    one.upsert(camera('a'));
    const { revision } = directory;
    one.remove('hall');
    expect([directory.find('hall')?.kind, directory.revision]).toEqual(['area', revision]);
    one.remove('a');
    other.remove('a');
    other.remove('hall');
    expect(directory.entities).toEqual([]);
  });

  it('leaves out entities beyond its cap', () => {
    const directory = new SiteDirectory({ maxEntities: 1 });
    directory.upsert(camera('a'));
    directory.upsert(camera('b'));
    directory.upsert(camera('a', 'renamed'));
    expect(directory.entities.map((entity) => entity.name)).toEqual(['renamed']);
  });
});
