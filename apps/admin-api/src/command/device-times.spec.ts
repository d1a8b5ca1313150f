import { DeviceTimes } from './device-times.js';

describe('times of devices', () => {
  it('are the last of each entity, of one tenant, for ten minutes', () => {
    const times = new DeviceTimes();
    times.note('t', 'gate', 900, 0);
    times.note('t', 'hall', 30, 0);
    times.note('t', 'gate', 40, 60_000);
    times.note('other', 'yard', 50, 60_000);
    expect(times.recent('t', 600_000)).toEqual([
      { entityId: 'hall', ms: 30 },
      { entityId: 'gate', ms: 40 },
    ]);
    expect(times.recent('t', 600_001)).toEqual([{ entityId: 'gate', ms: 40 }]);
  });

  it('are of 2,000 entities at most', () => {
    const times = new DeviceTimes();
    for (let at = 0; at < 2_500; at += 1) times.note('t', `camera-${at}`, at, 0);
    const kept = times.recent('t', 0);
    expect([kept.length, kept[0]?.ms]).toEqual([2_000, 500]);
  });
});
