import { setTimeout as delay } from 'node:timers/promises';
import { SiteDirectory } from '../site/site-directory.js';
import type { Holding } from '../users/holding.js';
import { type AccountRights, RIGHTS, type SiteAccount } from '../users/rights.js';
import { HoldingWatch } from './holding-watch.js';

describe('HoldingWatch', () => {
  let account: SiteAccount | undefined;
  let site: SiteDirectory;
  let held: Map<string, Holding>;
  let watch: HoldingWatch;

  const allow = (rights: Partial<AccountRights> = {}, credential = 'one'): void => {
    account = { name: 'cloud', mark: '', credential, rights: { allow: [...RIGHTS], level: 1, ...rights } };
  };
  const hold = (name: string, one: Partial<Holding>): void => {
    const whose = { account: 'cloud', entityId: 'gate', right: 'live' as const };
    held.set(name, { ...whose, ...one, end: () => held.delete(name) });
  };
  const put = (parentId: string): void =>
    site.upsert({
      ...{ remoteId: 'gate', name: 'Gate', parentId },
      ...{ kind: 'camera', state: 'online', stateReason: '', streams: [] },
    });

  beforeEach(() => {
    held = new Map();
    site = new SiteDirectory();
    put('hall');
    allow();
    hold('stream', { credential: 'one' });
    hold('replay', { credential: 'one', right: 'playback' });
    hold('lock', { right: 'ptz', level: 50 });
    const find = (name: string): Promise<SiteAccount | undefined> =>
      name === 'cloud' ? Promise.resolve(account) : Promise.reject(new Error('cannot be read'));
    const holder = {
      get held(): Holding[] {
        return [...held.values()];
      },
    };
    watch = new HoldingWatch(site, { find }, [holder, { held: [] }], 10);
  });

  afterEach(() => watch.stop());

  it.each<[string, string, () => void]>([
    ['stream replay lock', 'nothing has changed', () => undefined],
    ['stream replay lock', 'what is allowed suffices', () => allow({ allow: ['live', 'playback', 'ptz'], level: 50 })],
    ['stream replay lock', 'the camera is in an area that it sees', () => allow({ areas: ['hall'] })],
    ['', 'the account is gone', () => (account = undefined)],
    ['lock', 'the password is another one', () => allow({}, 'two')],
    ['replay lock', 'it may not watch live video', () => allow({ allow: ['playback', 'ptz'] })],
    ['stream', 'it may watch live video alone', () => allow({ allow: ['live'] })],
    ['stream replay', 'its users have a lower level now', () => allow({ level: 51 })],
    ['', 'it sees another camera', () => allow({ cameras: ['yard'] })],
  ])('leaves "%s" when %s', async (left, _when, change) => {
    change();
    await watch.look();
    expect([...held.keys()].join(' ')).toBe(left);
  });

  it('ends what has moved out of sight, and what is of an account that cannot be read', async () => {
    allow({ areas: ['hall'] });
    hold('stranger', { account: 'unreadable' });
    await watch.look();
    expect(held.size).toBe(3);
    put('yard');
    await watch.look();
    expect(held.size).toBe(0);
  });

  it('looks by itself', async () => {
    watch.start();
    account = undefined;
    await delay(50);
    expect(held.size).toBe(0);
  });
});
