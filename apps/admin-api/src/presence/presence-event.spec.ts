import type { PresenceChange } from '@app/persistence';
import { eventsOf, GROUP_FROM, ripe } from './presence-event.js';

const changesOf = (length: number): PresenceChange[] =>
  Array.from({ length }, (_, index) => ({
    siteId: `id-${index}`,
    label: `site-${index}`,
    name: `Site ${index}`,
    to: 'offline' as const,
    since: new Date(1_000_000 + index),
    closeReason: index === 0 ? 'peer-silent' : null,
    dueSeconds: length - index,
    flapping: false,
  }));

describe('what is told of sites that went away', () => {
  it('is one event each while they are few', () => {
    const events = eventsOf('offline', changesOf(GROUP_FROM - 1));
    expect(events.map(({ action, subject }) => [action, subject])).toEqual(
      Array.from({ length: GROUP_FROM - 1 }, (_, index) => ['site.offline', `id-${index}`]),
    );
    expect(events[0]?.details).toMatchObject({ label: 'site-0', reason: 'peer-silent', flapping: false });
    expect(events[1]?.details).not.toHaveProperty('reason');
  });

  it('is one event for all when they are many, and names a hundred', () => {
    const [event, ...more] = eventsOf('offline', changesOf(3_000));
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      action: 'sites.offline',
      details: { count: 3_000, since: '1970-01-01T00:16:40.000Z' },
    });
    expect(event?.details?.['sites']).toHaveLength(100);
    expect(JSON.stringify(event).length).toBeLessThan(20_000);
  });

  it('waits for others until the first has waited as long as it may', () => {
    expect(ripe(changesOf(3), 4)).toBe(false);
    expect(ripe(changesOf(3), 3)).toBe(true);
    expect(ripe([], 0)).toBe(false);
  });
});
