import { Acknowledger } from '../../web/acknowledger.mjs';
import { BackOff } from '../../web/back-off.mjs';
import { LiveEdge } from '../../web/live-edge.mjs';
import { Playhead, usageOf } from '../../web/playhead.mjs';
import { bars, firstWindow, windowAround } from '../../web/recording-timeline.mjs';
import { isHeard, soundNote, survivesDirect } from '../../web/sound.mjs';
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

describe('the acknowledgements of the page', () => {
  it('stand for all before them, and come a tenth of a second apart', () => {
    const acknowledger = new Acknowledger();
    const told = Array.from({ length: 25 }, (_, unit) => acknowledger.taken(unit + 1, unit * 40));
    expect(told.filter((number) => number !== undefined)).toEqual([1, 4, 7, 10, 13, 16, 19, 22, 25]);
  });

  it('are not left out at the end, and not repeated', () => {
    const acknowledger = new Acknowledger();
    expect(acknowledger.taken(1, 0)).toBe(1);
    expect(acknowledger.taken(2, 40)).toBeUndefined();
    expect([acknowledger.due(60), acknowledger.due(200), acknowledger.due(400)]).toEqual([undefined, 2, undefined]);
  });

  it('come at once for pictures that are rarer, and from a page that is not seen', () => {
    const acknowledger = new Acknowledger();
    expect([1, 2, 3].map((unit) => acknowledger.taken(unit, unit * 125))).toEqual([1, 2, 3]);
    expect([4, 5, 6].map((unit) => acknowledger.taken(unit, 400 + unit, true))).toEqual([4, 5, 6]);
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
    ['live-capacity-exceeded', 'capacity'],
    ['live-bandwidth-exceeded', 'capacity'],
    ['playback-capacity-exceeded', 'capacity'],
    ['preempted', 'capacity'],
    ['ended-by-operator', 'ended'],
    ['stream-not-playable', 'unsupported'],
    ['camera-unreachable', 'offline'],
    ['unavailable', 'offline'],
  ])('of %s is %s', (code, state) => {
    expect(stateOf(code)).toBe(state);
    expect(FINAL.has(stateOf(code))).toBe(['over', 'ended', 'unsupported'].includes(state));
  });

  it('is told in words with the code, and with advice of the code’s own where there is one', () => {
    const texts: Record<string, { textContent: string | null }> = { status: { textContent: '' } };
    const page = { body: { dataset: {} }, getElementById: (id: string) => (texts[id] ??= { textContent: '' }) };
    const view = new StatusView(page);
    view.show('capacity', 'preempted');
    expect(texts['status']?.textContent).toBe('Over capacity (preempted)');
    expect(texts['notice']?.textContent).toContain('higher level');
    view.show('live', 'preempted');
    view.delay(123);
    expect([texts['status'], texts['notice'], texts['delay']].map((text) => text?.textContent)).toEqual([
      'Live',
      '',
      '120 ms',
    ]);
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

describe('the place in a recording', () => {
  const ranges: [number, number][] = [
    [0, 2],
    [22, 30],
  ];

  it('jumps over a gap at its edge and from within, says so, and stays where there is a picture', () => {
    const playhead = new Playhead();
    expect(playhead.jump(ranges, 1)).toBeUndefined();
    expect(playhead.jump(ranges, 1.95)).toEqual({ seek: 22.001, skipped: true });
    expect(playhead.jump(ranges, 15)).toMatchObject({ skipped: true });
    // A busy decoder may stop some pictures before the edge: what stands there does not move any more.
    expect(playhead.jump(ranges, 1.75)).toBeUndefined();
    expect(playhead.jump(ranges, 1.75, true)).toEqual({ seek: 22.001, skipped: true });
    expect(playhead.jump(ranges, 0.9, true)).toBeUndefined();
    const grid: [number, number][] = [
      [0, 1],
      [2, 3],
    ];
    expect(playhead.jump(grid, 0.99)).toMatchObject({ skipped: false });
    expect(playhead.jump(ranges, 29.99)).toBeUndefined();
    expect(playhead.jump([], 0)).toBeUndefined();
  });

  it('takes in some seconds of watching ahead, and forgets what is behind', () => {
    const playhead = new Playhead();
    expect(playhead.isHungry(ranges, 0, 1)).toBe(false);
    expect(playhead.isHungry(ranges, 0, 4)).toBe(true);
    expect(playhead.isHungry(ranges, 25, 1)).toBe(true);
    expect(playhead.forgets(ranges, 8)).toBe(0);
    expect(playhead.forgets(ranges, 25)).toBe(20);
    expect(playhead.isAtEnd(ranges, 29.95)).toBe(true);
    expect(playhead.isAtEnd([], 0)).toBe(false);
  });

  it('is told in the time of the recording', () => {
    const playhead = new Playhead();
    playhead.epochMs = 1_000_000;
    expect(playhead.recordedAt(2.5)).toBe(1_002_500);
  });

  it('lies on a bar that shows the last day, or what there is of it, and moves with the place', () => {
    const day = 86_400_000;
    expect(firstWindow({ fromMs: 0, toMs: 10 * day }, 0)).toEqual({ from: 9 * day, to: 10 * day });
    expect(firstWindow({ fromMs: 10, toMs: 20_010 }, 0)).toEqual({ from: 10, to: 20_010 });
    expect(firstWindow({}, day)).toEqual({ from: day - 3_600_000, to: day });
    expect(windowAround({ from: 100, to: 200 }, 150)).toEqual({ from: 100, to: 200 });
    expect(windowAround({ from: 100, to: 200 }, 900)).toEqual({ from: 850, to: 950 });
  });

  it('has bars for all that is not known to be empty, within what is shown', () => {
    const spans: [number, number, string][] = [
      [0, 100, 'empty'],
      [100, 150, 'recorded'],
      [150, 400, 'unknown'],
    ];
    expect(bars(spans, { from: 100, to: 200 })).toEqual([
      { left: 0, width: 50, state: 'recorded' },
      { left: 50, width: 50, state: 'unknown' },
    ]);
  });

  it('is that of the usage in the ticket, and of garbage the live picture', () => {
    const payload = Buffer.from('{"usage":"recording"}').toString('base64url');
    expect(usageOf(`x.${payload}.y`)).toBe('recording');
    expect(['', 'x', 'x.!.y', `x.${Buffer.from('{}').toString('base64url')}.y`].map(usageOf)).toEqual(
      Array.from({ length: 4 }, () => 'live'),
    );
  });
});

describe('the sound of the page', () => {
  it.each([
    ['', true, false, false, '', ''],
    ['OPUS', true, true, true, '', ''],
    ['PCMA', true, false, true, 'G.711, which browsers do not play by MSE', ''],
    [
      'MPEG4-GENERIC',
      false,
      true,
      false,
      'AAC, which WebRTC does not carry: the page stays with MSE',
      'not play by WebRTC',
    ],
    ['G726-32', true, false, false, 'G726-32, which browsers do not play by MSE', 'not play by WebRTC'],
  ])('of the codec %p', (codec, survives, byMse, byWebRtc, noteOfMse, noteOfWebRtc) => {
    expect(survivesDirect(codec)).toBe(survives);
    expect([isHeard(codec, 'mse'), isHeard(codec, 'webrtc')]).toEqual([byMse, byWebRtc]);
    expect(soundNote(codec, 'mse')).toContain(noteOfMse);
    expect(soundNote(codec, 'webrtc')).toContain(noteOfWebRtc);
  });
});
