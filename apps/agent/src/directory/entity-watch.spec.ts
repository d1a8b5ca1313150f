import { setTimeout as delay } from 'node:timers/promises';
import type { directory } from '@app/contracts';
import type { SiteEntity } from '../site/entity.js';
import { SiteDirectory } from '../site/site-directory.js';
import type { AccountRights } from '../users/rights.js';
import { watchEntities } from './entity-watch.js';
import { Sight } from './sight.js';

const UP_TO_DATE = 'up to date';

describe('a watch of entities', () => {
  let site: SiteDirectory;
  let stop: AbortController;

  const put = (kind: SiteEntity['kind'], remoteId: string, parentId = '', name = remoteId): void =>
    site.upsert({ kind, remoteId, parentId, name, state: 'online', stateReason: '', streams: [] });
  const said = ({ change }: directory.WatchEntitiesResponse): string => {
    if (change.case === 'upsert') return change.value.remoteId;
    if (change.case === 'removed') return `-${change.value}`;
    return change.case ?? UP_TO_DATE;
  };
  /** @returns reads up to what makes the host current */
  const watch = (rights: Pick<AccountRights, 'cameras' | 'areas'>): (() => Promise<string[]>) => {
    const messages = watchEntities(site, 0, { kinds: new Set(), sight: new Sight(site, rights) }, stop.signal);
    return async () => {
      const all: string[] = [];
      for (;;) {
        const { value, done } = await messages.next();
        if (done === true || said(value) === UP_TO_DATE) return all;
        all.push(said(value));
      }
    };
  };

  beforeEach(() => {
    site = new SiteDirectory();
    stop = new AbortController();
    put('area', 'hall');
    put('area', 'yard');
    put('camera', 'a', 'hall');
    put('camera', 'b', 'yard');
  });

  afterEach(() => stop.abort());

  it('gives no sign of what its account does not see', async () => {
    const read = watch({ areas: ['hall'] });
    expect(await read()).toEqual(['snapshotBegin', 'hall', 'a', 'snapshotEnd']);
    const next = read();
    for (const name of ['One', 'Two']) {
      put('camera', 'b', 'yard', name);
      await delay(1);
    }
    put('area', 'cellar');
    put('camera', 'c', 'cellar');
    await delay(1);
    site.remove('c');
    site.remove('cellar');
    expect(await Promise.race([next, delay(30, 'silence')])).toBe('silence');
    put('camera', 'a', 'hall', 'Seen');
    expect(await next).toEqual(['a']);
  });

  it('tells what a changed tree shows, hides and has lost, once', async () => {
    const read = watch({ areas: ['hall'] });
    await read();
    put('area', 'yard', 'hall');
    expect(await read()).toEqual(['yard', 'b']);
    site.remove('a');
    put('camera', 'd', 'yard');
    expect(await read()).toEqual(['-a', 'd']);
    put('area', 'yard');
    expect((await read()).toSorted()).toEqual(['-b', '-d', '-yard']);
    site.remove('b');
    put('camera', 'e', 'hall');
    expect(await read()).toEqual(['e']);
  });

  it('begins anew when more has changed than is remembered', async () => {
    site = new SiteDirectory({ maxLoggedChanges: 3 });
    put('camera', 'a');
    const read = watch({ cameras: ['a'] });
    await read();
    for (const id of ['b', 'c', 'd', 'e', 'f']) put('camera', id);
    expect(await read()).toEqual(['snapshotBegin', 'a', 'snapshotEnd']);
  });

  it('tells everything to who sees everything', async () => {
    const read = watch({});
    await read();
    put('camera', 'b', 'yard', 'One');
    site.remove('yard');
    expect(await read()).toEqual(['b', '-yard']);
  });
});
