import { BackOff } from '../../web/back-off.mjs';
import { LiveEdge } from '../../web/live-edge.mjs';
import { FINAL, stateOf, StatusView } from '../../web/status.mjs';

describe('the live edge', () => {
  it('plays at its own pace within the cushion, faster a little behind, and jumps when far behind', () => {
    const edge = new LiveEdge();
    expect(edge.steer([[0, 10]], 9.9, 0)).toEqual({ rate: 1 });
    const { rate, seek } = edge.steer([[0, 10]], 9.5, 0);
    expect(seek).toBeUndefined();
    expect(rate).toBeGreaterThan(1);
    expect(rate).toBeLessThanOrEqual(1.25);
    expect(edge.steer([[0, 10]], 5, 0)).toEqual({ seek: 9.9, rate: 1 });
  });

  it('jumps over a gap, from before it and from behind the end', () => {
    const edge = new LiveEdge();
    const ranges: [number, number][] = [
      [0, 4],
      [20, 20.04],
    ];
    expect(edge.steer(ranges, 4, 0).seek).toBe(20);
    expect(edge.steer([[0, 4]], 90, 0).seek).toBeCloseTo(3.9);
  });

  it('keeps more ahead after stalls, within a limit, and less again when none come', () => {
    const edge = new LiveEdge();
    for (let n = 0; n < 50; n += 1) edge.stalled(1_000);
    expect(edge.cushion).toBeCloseTo(0.6);
    for (let minute = 1; minute < 20; minute += 1) edge.steer([], 0, minute * 60_000);
    expect(edge.cushion).toBeCloseTo(0.1);
  });

  it('never drifts: from any lag it is back at the edge within seconds', () => {
    const edge = new LiveEdge();
    let [current, end] = [0, 1.5];
    for (let tick = 0; tick < 50; tick += 1) {
      const { seek, rate } = edge.steer([[0, end]], current, tick * 200);
      current = (seek ?? current) + 0.2 * rate;
      end += 0.2;
    }
    expect(end - current).toBeLessThan(0.3);
  });
});

describe('the waits between attempts', () => {
  it('double up to a limit, are drawn by chance, and begin anew after success', () => {
    const whole = new BackOff({ firstMs: 100, maxMs: 1_000, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map(() => whole.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    whole.reset();
    expect(whole.next()).toBe(100);
    expect(new BackOff({ firstMs: 100, random: () => 0 }).next()).toBe(50);
  });
});

describe('the state of the page', () => {
  it.each([
    ['ticket-expired', 'over'],
    ['viewer-revoked', 'over'],
    ['ended-by-operator', 'ended'],
    ['live-capacity-exceeded', 'capacity'],
    ['stream-not-playable', 'unsupported'],
    ['camera-unreachable', 'offline'],
    ['unavailable', 'offline'],
  ])('of %s is %s', (code, state) => {
    expect(stateOf(code)).toBe(state);
    expect(FINAL.has(stateOf(code))).toBe(['over', 'ended', 'unsupported'].includes(state));
  });
});

describe('the words of the page', () => {
  it('name the stream that runs while it is not the best one, beside a live picture only', () => {
    const status = { textContent: '' };
    const dataset: Record<string, string | undefined> = {};
    const view = new StatusView({ body: { dataset }, getElementById: (id) => (id === 'status' ? status : null) });
    view.exchanged('low-res', 'uplink');
    view.show('connecting');
    expect(status.textContent).toBe('Connecting …');
    view.show('live');
    expect(status.textContent).toBe('Live · low-res (uplink)');
    view.exchanged('high-res', '');
    expect([status.textContent, dataset['usage']]).toEqual(['Live', 'high-res']);
  });
});
