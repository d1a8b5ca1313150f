import type { AutomaticFeed } from './automatic-feed.js';
import { Line, lineDefaults } from './line.js';
import { RenditionControl, renditionDefaults } from './rendition-control.js';

const options = { ...renditionDefaults, graceMs: 0 };

describe('Line', () => {
  let now: number;
  let isOver: boolean;
  let line: Line;
  let moves: string[];
  let leave: (() => void)[];

  /** A link that can be exchanged, or not; moves are told and take hold at once. */
  const join = (name: string, canMove = true, mayRise = true): RenditionControl => {
    const control = new RenditionControl(options, () => now);
    const move = (reason: string): Promise<boolean> => {
      moves.push(`${name} ${reason === '' ? 'up' : reason}`);
      control.moved(reason !== '');
      return Promise.resolve(true);
    };
    const automatic = canMove ? ({ isMoving: false, move } as unknown as AutomaticFeed) : undefined;
    leave.push(line.join({ control, automatic, mayRise: () => mayRise }));
    return control;
  };

  /** The time passes with the same pressure on some of the links. */
  const pass = async (ms: number, ackAgeMs: number, ...controls: RenditionControl[]): Promise<void> => {
    for (const end = now + ms; now < end; now += 100) {
      for (const control of controls) control.observe({ ackAgeMs, dropEpisodes: 0 });
      line.tick();
      await Promise.resolve();
    }
  };

  beforeEach(() => {
    [now, isOver, moves, leave] = [100_000, false, [], []];
    line = new Line(
      () => isOver,
      { ...lineDefaults, tickMs: 1e6 },
      () => now,
    );
  });

  afterEach(() => leave.forEach((done) => done()));

  it('lets the youngest that is in trouble go down first, and sees whether that was enough', async () => {
    const [old, middle, young] = [join('old'), join('middle'), join('young')];
    await pass(1_000, 500, old, middle, young);
    expect(moves).toEqual(['young uplink']);
    await pass(1_000, 20, old, middle, young);
    expect(moves).toEqual(['young uplink']);
    await pass(1_500, 500, old, middle);
    expect(moves).toEqual(['young uplink', 'middle uplink']);
  });

  it('brings them back one after another, the oldest first, and not while another is in trouble', async () => {
    const [old, young] = [join('old'), join('young')];
    const fixed = join('fixed', false);
    await pass(4_000, 500, old, young);
    expect(moves).toEqual(['young uplink', 'old uplink']);
    await pass(20_000, 500, fixed);
    expect(moves).toHaveLength(2);
    await pass(4_000, 20, old, young, fixed);
    expect(moves).toHaveLength(2);
    await pass(3_000, 20, old, young, fixed);
    expect(moves).toEqual(['young uplink', 'old uplink', 'old up']);
    await pass(6_000, 20, old, young, fixed);
    expect(moves).toEqual(['young uplink', 'old uplink', 'old up', 'young up']);
  });

  it('moves nobody for a stream that cannot be exchanged, but tells recordings to yield for a while', async () => {
    const fixed = join('fixed', false);
    join('other');
    await pass(1_000, 500, fixed);
    expect([moves, line.isStrained]).toEqual([[], true]);
    await pass(4_000, 20, fixed);
    expect(line.isStrained).toBe(false);
  });

  it('sends streams down while the site’s share is exceeded, one at a time, and up only where there is room', async () => {
    const first = join('first');
    join('second', true, false);
    isOver = true;
    await pass(1_000, 20);
    expect(moves).toEqual(['second uplink-share']);
    await pass(1_500, 20);
    expect(moves).toEqual(['second uplink-share', 'first uplink-share']);
    isOver = false;
    await pass(40_000, 20, first);
    expect(moves).toEqual(['second uplink-share', 'first uplink-share', 'first up']);
  });
});
