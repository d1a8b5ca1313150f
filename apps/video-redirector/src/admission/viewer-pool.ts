import type { Entrant, Place } from '@app/media';
import { Demand, type Load } from './demand.js';
import { RateMeter } from './rate-meter.js';

/** `Infinity` where there is none. */
export interface PoolLimits {
  viewers: number;
  bitsPerS: number;
}

/** Who wants to watch, and what. */
export interface Claim {
  /** 1 is the highest, 254 the lowest. */
  level: number;
  /** Whose right it is: a page has two viewers while it goes over to a better way. */
  party: string;
  /** Of the stream; undefined while nobody knows. */
  streamBitsPerS(): number | undefined;
  /** Told what the viewer took when it is over, as far as it was measured. */
  measured?(bitsPerS: number): void;
}

export type Lack = 'capacity' | 'bandwidth';

interface Seat extends Claim {
  entrant: Entrant;
  meter: RateMeter;
}

const LOWEST = 254;
/** What a stream takes of which nothing is known yet. */
const ASSUMED_BITS_PER_S = 4_000_000;

/**
 * The viewers of one kind, live or playback, within their limits. All of it is decided at once, so that no two
 * can have the last place.
 */
export class ViewerPool {
  /** Refusals so far. */
  readonly refused: Record<Lack, number> = { capacity: 0, bandwidth: 0 };
  preempted = 0;
  /** In the order in which they came. */
  private readonly seats = new Set<Seat>();

  constructor(
    readonly limits: PoolLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What is in use now. */
  get used(): { viewers: number; bitsPerS: number } {
    return new Demand(this.loads().values());
  }

  /** What such a viewer would lack; it takes nothing. Where groups are sent to, it may still join one for nothing. */
  lackFor(claim: Claim): Lack | undefined {
    const hasGroups = [...this.seats].some(({ entrant }) => entrant.shared !== undefined);
    const load = { bitsPerS: hasGroups ? 0 : this.estimate(claim), shared: undefined };
    const decided = this.decide(claim.level, load);
    return 'lack' in decided ? this.refuse(decided.lack) : undefined;
  }

  /** A place, taken from viewers of lower levels when there is none free; or what is lacking. */
  enter(claim: Claim, entrant: Entrant): Place | Lack {
    const load = { bitsPerS: this.estimate(claim), shared: entrant.shared };
    const decided = this.decide(this.isSecondWay(claim, entrant) ? LOWEST : claim.level, load);
    if ('lack' in decided) return this.refuse(decided.lack);
    const seat: Seat = { ...claim, entrant, meter: new RateMeter(this.now()) };
    for (const victim of decided.victims) this.free(victim);
    this.seats.add(seat);
    this.preempted += decided.victims.length;
    for (const victim of decided.victims) victim.entrant.end('preempted');
    return { leave: () => this.free(seat) };
  }

  /** Looks at what the viewers were sent; to be called every second or so. */
  sample(): void {
    const now = this.now();
    for (const { meter, entrant } of this.seats) meter.sample(entrant.bytes(), now);
  }

  /** A page that already plays keeps what it has rather than drive somebody else out for a better way. */
  private isSecondWay({ party }: Claim, { transport }: Entrant): boolean {
    if (transport !== 'webrtc') return false;
    return [...this.seats].some((seat) => seat.party === party && seat.entrant.transport === 'mse');
  }

  private free(seat: Seat): void {
    if (!this.seats.delete(seat)) return;
    seat.meter.sample(seat.entrant.bytes(), this.now());
    if (seat.meter.bitsPerS !== undefined) seat.measured?.(seat.meter.bitsPerS);
  }

  private refuse(lack: Lack): Lack {
    this.refused[lack] += 1;
    return lack;
  }

  /** Who has to go for the newcomer: nobody, or the fewest of the lowest level, the youngest first. */
  private decide(level: number, newcomer: Load): { victims: Seat[] } | { lack: Lack } {
    const loads = this.loads();
    const demand = new Demand(loads.values());
    demand.add(newcomer);
    const victims: [Seat, Load][] = [];
    for (const one of this.below(level, loads)) {
      if (this.fits(demand)) break;
      demand.remove(one[1]);
      victims.push(one);
    }
    if (!this.fits(demand)) return { lack: demand.viewers > this.limits.viewers ? 'capacity' : 'bandwidth' };
    return { victims: this.without(victims, demand) };
  }

  /** Leaves out those whose end would give nothing, as that of one of several in a group. */
  private without(victims: [Seat, Load][], demand: Demand): Seat[] {
    const needed = victims.toReversed().filter(([, load]) => {
      demand.add(load);
      const isNeeded = !this.fits(demand);
      if (isNeeded) demand.remove(load);
      return isNeeded;
    });
    return needed.map(([seat]) => seat);
  }

  private below(level: number, loads: Map<Seat, Load>): [Seat, Load][] {
    const youngestFirst = [...loads].toReversed().filter(([seat]) => seat.level > level);
    return youngestFirst.toSorted(([a], [b]) => b.level - a.level);
  }

  private fits({ viewers, bitsPerS }: Demand): boolean {
    return viewers <= this.limits.viewers && bitsPerS <= this.limits.bitsPerS;
  }

  private loads(): Map<Seat, Load> {
    return new Map(
      [...this.seats].map((seat) => {
        const bitsPerS = seat.meter.bitsPerS ?? this.estimate(seat);
        return [seat, { bitsPerS, shared: seat.entrant.shared }];
      }),
    );
  }

  /** The first viewer of an unknown stream may always come: by it the stream gets known. */
  private estimate({ streamBitsPerS }: Claim): number {
    return streamBitsPerS() ?? Math.min(ASSUMED_BITS_PER_S, this.limits.bitsPerS);
  }
}
