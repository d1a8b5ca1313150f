import { fillTimeline } from './timeline.js';

const recorded = (fromMs: number, toMs: number): Parameters<typeof fillTimeline>[1][number] => ({
  fromMs,
  toMs,
  state: 'recorded',
});

describe('fillTimeline', () => {
  it.each([
    ['nothing', [], ['empty 0-100']],
    [
      'a gap',
      [recorded(10, 20), recorded(40, 60)],
      ['empty 0-10', 'recorded 10-20', 'empty 20-40', 'recorded 40-60', 'empty 60-100'],
    ],
    [
      'what reaches beyond',
      [recorded(-50, 30), recorded(90, 500)],
      ['recorded 0-30', 'empty 30-90', 'recorded 90-100'],
    ],
    ['neighbours and overlaps', [recorded(30, 60), recorded(0, 40), recorded(60, 100)], ['recorded 0-100']],
    ['what is elsewhere', [recorded(200, 300), recorded(-9, 0)], ['empty 0-100']],
  ])('covers the range with %s', (_title, known, expected) => {
    const spans = fillTimeline({ fromMs: 0, toMs: 100 }, known, 'empty');
    expect(spans.map(({ state, fromMs, toMs }) => `${state} ${fromMs}-${toMs}`)).toEqual(expected);
  });
});
