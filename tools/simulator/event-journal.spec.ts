import { EventJournal, type KeptEvent } from './event-journal.mjs';

describe('the events of a simulated site', () => {
  const make = (journal: EventJournal, from: number, to: number): void => {
    for (let n = from; n <= to; n++)
      journal.event({ type: n % 2 === 0 ? 'even' : 'odd', sourceId: `s${n}`, at: new Date(n) });
  };
  const take = async (
    journal: EventJournal,
    count: number,
    request: { since: number; types?: string[] } = { since: 0 },
  ): Promise<KeptEvent[]> => {
    const stop = new AbortController();
    const taken: KeptEvent[] = [];
    for await (const page of journal.watch(request, stop.signal)) {
      taken.push(...page);
      if (taken.length >= count) stop.abort();
    }
    return taken;
  };
  const sources = (events: KeptEvent[]): string[] => events.map(({ sourceId }) => sourceId);

  it('come in order, first what was kept, then live', async () => {
    const journal = new EventJournal();
    make(journal, 1, 600);
    const taken = take(journal, 700);
    await new Promise((resolve) => setTimeout(resolve, 10));
    make(journal, 601, 700);
    const events = await taken;
    expect(sources(events)).toEqual(Array.from({ length: 700 }, (_, index) => `s${index + 1}`));
    expect(events.every(({ sequence }, index) => sequence === (events[0]?.sequence ?? 0) + index)).toBe(true);
    expect([events[0]?.period, events[699]?.period]).toEqual(['offline', 'online']);
  });

  it('go on from the number that the host has', async () => {
    const journal = new EventJournal();
    make(journal, 1, 10);
    const [, , third] = await take(journal, 3);
    expect(sources(await take(journal, 7, { since: third?.sequence ?? 0 }))).toEqual([
      's4',
      's5',
      's6',
      's7',
      's8',
      's9',
      's10',
    ]);
  });

  it('are lost beyond the cap, and counted', async () => {
    const journal = new EventJournal({ maxEvents: 5 });
    make(journal, 1, 12);
    const events = await take(journal, 5);
    expect(sources(events)).toEqual(['s8', 's9', 's10', 's11', 's12']);
    expect(events.map(({ lostBefore }) => lostBefore)).toEqual([7, 0, 0, 0, 0]);
  });

  it('are all sent to a host that has a number of another process', async () => {
    const journal = new EventJournal({ nowMs: 1_000 });
    make(journal, 1, 2);
    expect(await take(journal, 2, { since: 5 })).toHaveLength(2);
    expect(await take(journal, 2, { since: 9e15 })).toHaveLength(2);
  });

  it('have numbers that rise over a restart', async () => {
    const [before, after] = [new EventJournal({ nowMs: 1_000 }), new EventJournal({ nowMs: 1_001 })];
    make(before, 1, 900);
    make(after, 1, 1);
    const last = (await take(before, 900)).at(-1)?.sequence ?? Number.NaN;
    expect((await take(after, 1))[0]?.sequence).toBeGreaterThan(last);
  });

  it('are of the types that are asked for', async () => {
    const journal = new EventJournal();
    make(journal, 1, 6);
    expect(sources(await take(journal, 3, { since: 0, types: ['even'] }))).toEqual(['s2', 's4', 's6']);
  });

  it('leave nothing behind when nobody watches any more', async () => {
    const journal = new EventJournal();
    make(journal, 1, 1);
    await take(journal, 1);
    const stop = new AbortController();
    const waiting = journal.watch({ since: journal.last }, stop.signal).next();
    stop.abort();
    expect((await waiting).done).toBe(true);
    expect([journal.watchers, journal.added.listenerCount('event')]).toEqual([0, 0]);
  });
});
