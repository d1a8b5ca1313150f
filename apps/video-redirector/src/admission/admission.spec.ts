import { type Entrant, Hub, type Place } from '@app/media';
import { createLogger } from '@app/runtime';
import type { RedirectorConfig } from '../config.js';
import { Admission } from './admission.js';

const source = { open: () => new Promise<never>(() => undefined) };
const logger = createLogger('admission', 'silent');
const entrant: Entrant = { transport: 'tcp', bytes: () => 0, end: () => undefined };
const holder = { level: 100, party: 'p' };

const admissionOf = (config: Partial<RedirectorConfig>): Admission => new Admission(config as RedirectorConfig, logger);

describe('Admission', () => {
  const hub = new Hub(source);

  afterAll(() => hub.close());

  it('has no limit where none is set', () => {
    const admission = admissionOf({});
    for (let n = 0; n < 200; n += 1) expect(admission.live(holder, hub)(entrant)).not.toHaveProperty('refuse');
    expect(admission.pools.live.used.viewers).toBe(200);
  });

  it.each([
    ['live', { ADIT_LIVE_CAPACITY: 1 }, 'live-capacity-exceeded'],
    ['live', { ADIT_LIVE_BANDWIDTH_MBIT: 3 }, 'live-bandwidth-exceeded'],
    ['playback', { ADIT_PLAYBACK_CAPACITY: 1 }, 'playback-capacity-exceeded'],
    ['playback', { ADIT_PLAYBACK_BANDWIDTH_MBIT: 3 }, 'playback-bandwidth-exceeded'],
  ] as const)('refuses the second %s viewer with %j as %s, before and when it begins', (kind, limits, code) => {
    const admission = admissionOf(limits);
    const ask = (): ReturnType<Admission['live']> =>
      kind === 'live' ? admission.live(holder, hub) : admission.playback(holder, 'r');
    const [first, second] = [ask(), ask()];
    const place = first(entrant) as Place;
    expect(second(entrant)).toEqual({ refuse: { status: 453, code, reason: `Not Enough Bandwidth (${code})` } });
    expect(ask).toThrow(expect.objectContaining({ code }));
    const other = kind === 'live' ? admission.playback(holder, 'r') : admission.live(holder, hub);
    expect(other(entrant)).not.toHaveProperty('refuse');
    place.leave();
    expect(second(entrant)).not.toHaveProperty('refuse');
  });
});
