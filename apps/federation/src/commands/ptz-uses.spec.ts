import { PtzUses } from './ptz-uses.js';

describe('PtzUses', () => {
  let now = 0;
  let uses: PtzUses;

  beforeEach(() => {
    now = 1_000;
    uses = new PtzUses(() => now);
  });

  it('begins once for commands that follow each other, and again after a minute without', () => {
    const begun = [0, 100, 100, 59_999, 60_000, 100].map((afterMs) => {
      now += afterMs;
      return uses.begins('anna', 'dome');
    });
    expect(begun).toEqual([true, false, false, false, true, false]);
  });

  it('tells operators and cameras apart', () => {
    expect([uses.begins('anna', 'dome'), uses.begins('ben', 'dome'), uses.begins('anna', 'gate')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('tells a use that goes on again after ten minutes', () => {
    let told = 0;
    for (let second = 0; second < 1_260; second++) {
      if (uses.begins('anna', 'dome')) told += 1;
      now += 1_000;
    }
    expect(told).toBe(3);
  });

  it('forgets those of long ago when there are too many', () => {
    uses.begins('anna', 'first');
    for (let camera = 0; camera < 10_000; camera++) uses.begins('anna', String(camera));
    expect(uses.begins('anna', '9999')).toBe(false);
    expect(uses.begins('anna', 'first')).toBe(true);
  });
});
