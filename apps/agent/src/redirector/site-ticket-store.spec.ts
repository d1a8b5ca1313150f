import { SiteTicketStore, type SiteTicket } from './site-ticket-store.js';

const GRANT = { remoteId: 'front door', usage: 'live' as const, account: { name: 'cloud', credential: 'one' } };

const minted = (store: SiteTicketStore): SiteTicket => {
  const ticket = store.mint(GRANT);
  if (ticket === undefined) throw new Error('no ticket');
  return ticket;
};

describe('SiteTicketStore', () => {
  it('opens one path once', () => {
    const store = new SiteTicketStore();
    const { path, siteTicket } = minted(store);
    expect(path).toBe('/front%20door/live');
    expect(store.redeem(path, siteTicket)).toEqual(GRANT);
    expect(store.redeem(path, siteTicket)).toBeUndefined();
  });

  it('is used up by an attempt on another path', () => {
    const store = new SiteTicketStore();
    const { path, siteTicket } = minted(store);
    expect(store.redeem('/other/live', siteTicket)).toBeUndefined();
    expect(store.redeem(path, siteTicket)).toBeUndefined();
  });

  it('does not know a ticket of another process', () => {
    const { path, siteTicket } = minted(new SiteTicketStore());
    expect(new SiteTicketStore().redeem(path, siteTicket)).toBeUndefined();
  });

  it('expires', () => {
    let now = 0;
    const store = new SiteTicketStore({ lifetimeMs: 60_000, now: () => now });
    const { path, siteTicket } = minted(store);
    now = 60_000;
    expect(store.redeem(path, siteTicket)).toBeUndefined();
  });

  it('has a cap that expired tickets do not fill', () => {
    let now = 0;
    const store = new SiteTicketStore({ maxTickets: 2, now: () => now });
    store.mint(GRANT);
    store.mint(GRANT);
    expect(store.mint(GRANT)).toBeUndefined();
    now = 60_000;
    expect(store.mint(GRANT)).toMatchObject({ path: '/front%20door/live' });
  });

  it('leaves tickets to others when one account fetches none of its own', () => {
    const store = new SiteTicketStore({ maxTickets: 3, maxOfAccount: 2 });
    const of = (name: string): SiteTicket | undefined => store.mint({ ...GRANT, account: { name, credential: 'one' } });
    expect(
      [of('greedy'), of('greedy'), of('greedy'), of('other'), of('other')].map((one) => one !== undefined),
    ).toEqual([true, true, false, true, false]);
  });
});
