import type { Session } from '@app/multiplex';
import { type LiveSession, SessionRegistry } from './session-registry.js';

const live = (id: string, change: Partial<LiveSession> = {}, state = 'open'): LiveSession => ({
  id,
  tenantId: 't1',
  siteId: 's1',
  siteLabel: 'hamburg',
  agentId: 'a1',
  serial: '4a',
  expiry: undefined,
  exporter: Buffer.alloc(32),
  peerAddress: '192.0.2.1',
  renewedAtMs: 0,
  reportsPaidMs: 0,
  session: { state, release: () => undefined } as unknown as Session,
  registered: true,
  started: Promise.resolve(),
  moved: false,
  ...change,
});

describe('the registry of sessions', () => {
  it('finds the newest open session of a site', () => {
    const registry = new SessionRegistry();
    for (const one of [live('old'), live('new'), live('draining', {}, 'draining')]) registry.add(one);
    expect(registry.ofSite('t1', 'hamburg')?.id).toBe('new');
    registry.remove('new');
    expect(registry.ofSite('t1', 'hamburg')?.id).toBe('old');
    registry.remove('old');
    registry.remove('draining');
    expect(registry.ofSite('t1', 'hamburg')).toBeUndefined();
  });

  it('finds one that drains until the agent has its next session elsewhere', () => {
    const registry = new SessionRegistry();
    registry.add(live('draining', {}, 'draining'));
    registry.add(live('ended', {}, 'closed'));
    registry.handOver('gone');
    expect(registry.ofSite('t1', 'hamburg')?.id).toBe('draining');
    registry.handOver('draining');
    expect(registry.ofSite('t1', 'hamburg')).toBeUndefined();
  });

  it('waits for a session that is being let in, when there is no other', async () => {
    const registry = new SessionRegistry();
    const entering = live('entering', {}, 'handshaking');
    const refused = live('refused', { siteLabel: 'bremen', started: Promise.reject(new Error('no')) }, 'handshaking');
    for (const one of [entering, refused]) registry.add(one);
    const soon = registry.ofSiteSoon('t1', 'hamburg');
    Object.assign(entering.session, { state: 'open' });
    expect((await soon)?.id).toBe('entering');
    expect(await registry.ofSiteSoon('t1', 'bremen')).toBeUndefined();
    expect(await registry.ofSiteSoon('t1', 'kiel')).toBeUndefined();
  });

  it('keeps sites of the same label in two tenants apart', () => {
    const registry = new SessionRegistry();
    registry.add(live('one'));
    registry.add(live('two', { tenantId: 't2', agentId: 'a2' }));
    expect(registry.ofSite('t1', 'hamburg')?.id).toBe('one');
    expect(registry.ofSite('t2', 'hamburg')?.id).toBe('two');
    expect(registry.ofSite('t3', 'hamburg')).toBeUndefined();
    expect(registry.ofAgent('a2').map(({ id }) => id)).toEqual(['two']);
  });

  it('forgets a session twice without harm', () => {
    const registry = new SessionRegistry();
    registry.add(live('one'));
    registry.remove('one');
    registry.remove('one');
    expect(registry.all()).toEqual([]);
  });
});
