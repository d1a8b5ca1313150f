import type { Address } from './address.js';
import { AddressBook } from './address-book.js';
import { Credit } from './credit.js';
import type { Neighbourhood } from './crowd.js';
import { DEFAULT_GATE_LIMITS, type GateLimits } from './gate-limits.js';
import { Pace } from './pace.js';
import { type Doorkeeper, type Outcome, type TurnedAwayReason, Visit } from './visit.js';

/** Hears of what happens, for figures. */
export interface GateObserver {
  turnedAway(reason: TurnedAwayReason): void;
  /** `slowed`: it had to wait because handshakes of its address fail. */
  ended(outcome: Outcome, slowed: boolean): void;
}

/**
 * Decides at the door who is given a handshake, and when. Nobody is refused for what others at the same address do:
 * sites share NAT addresses with whoever. An address whose handshakes fail gets further ones slowly, the agents among
 * them earn it new credit, and addresses take turns. Pure: the caller brings sockets, a clock and `tick`.
 */
export class ConnectionGate implements Doorkeeper {
  private readonly book: AddressBook<Visit>;
  private readonly arriving = new Set<Visit>();
  private readonly waiting = new Set<Visit>();
  private readonly handshaking = new Set<Visit>();
  private readonly judging = new Set<Visit>();
  /** Addresses with somebody in line, in the order of their turns. */
  private readonly ready = new Set<Address<Visit>>();
  /** The same, but out of credit or of places: looked at again with the next tick. */
  private readonly resting = new Set<Address<Visit>>();
  private readonly known: Credit;
  private readonly strangers: Credit;
  private readonly pace: Pace;
  private pumping = false;
  /** The one that ever had most of those without a place, as far as that is known without looking for it. */
  private largest: Neighbourhood<Visit> | undefined;

  constructor(
    private readonly limits: GateLimits = DEFAULT_GATE_LIMITS,
    private readonly observer?: GateObserver,
    /** Steady ms. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.book = new AddressBook<Visit>(limits, now);
    this.known = new Credit(limits.classCredit, now);
    this.strangers = new Credit(limits.classCredit, now);
    this.pace = new Pace(limits.hurriedStallMs, limits.stallMs);
  }

  /** How many are where. */
  get counts(): { waiting: number; places: number; addresses: number; remembered: number } {
    const { book, withoutPlace: waiting, taken: places } = this;
    return { waiting, places, addresses: book.size, remembered: book.rememberedCount };
  }

  /** @param turnAway closes the connection */
  arrive(origin: string, turnAway: (reason: TurnedAwayReason) => void): Visit {
    const address = this.book.enter(origin);
    const visit = new Visit(this, address, this.now(), turnAway);
    this.arriving.add(visit);
    this.put(visit, address);
    if (this.withoutPlace > this.limits.waiting) this.makeRoom(address);
    return visit;
  }

  /** Ends what took too long and gives places that time has made free. To be called several times a second. */
  tick(): void {
    const { helloMs, waitMs, poorWaitMs, stallMs } = this.limits;
    this.expire(this.arriving, 'hello-late', () => helloMs);
    this.expire(this.waiting, 'line-too-long', ({ address }) => (address.credit.left < 1 ? poorWaitMs : waitMs));
    const hurriedMs = this.pace.limitMs;
    this.expire(this.handshaking, 'handshake-stalled', ({ address }) => (this.isWanted(address) ? hurriedMs : stallMs));
    for (const address of this.resting) this.ready.add(address);
    this.resting.clear();
    this.pump();
  }

  move(visit: Visit, origin: string): void {
    const before = visit.address;
    before.remove(visit);
    this.book.leave(before);
    visit.address = this.book.enter(origin);
    this.put(visit, visit.address);
  }

  line(visit: Visit): void {
    this.enterStage(visit, 'waiting');
    visit.address.add(visit, 'line');
    if (!this.resting.has(visit.address)) this.ready.add(visit.address);
    this.pump();
  }

  judge(visit: Visit): void {
    visit.peerTookMs = this.now() - visit.since;
    this.enterStage(visit, 'judging');
  }

  leave(visit: Visit, reported: Outcome): void {
    const isHasty = reported === 'left' && this.now() - visit.arrivedAt < this.limits.patienceMs;
    const outcome = isHasty ? 'failed' : reported;
    if (outcome === 'admitted' && visit.peerTookMs !== undefined) this.pace.cameIn(visit.peerTookMs);
    const hadPlace = visit.stage === 'handshaking' || visit.stage === 'judging';
    this.enterStage(visit, 'ended');
    const { address } = visit;
    if (hadPlace) {
      address.places -= 1;
      this.settle(visit, outcome);
      this.observer?.ended(outcome, visit.slowed);
      if (this.resting.delete(address)) this.ready.add(address);
    }
    this.book.leave(address);
    this.pump();
  }

  private get withoutPlace(): number {
    return this.arriving.size + this.waiting.size;
  }

  private get taken(): number {
    return this.handshaking.size + this.judging.size;
  }

  private put(visit: Visit, address: Address<Visit>): void {
    address.add(visit, 'arriving');
    const { neighbourhood } = address;
    if ((neighbourhood?.waiting ?? 0) > (this.largest?.waiting ?? 0)) this.largest = neighbourhood;
  }

  private enterStage(visit: Visit, stage: Visit['stage']): void {
    if (visit.stage !== 'ended') this[visit.stage].delete(visit);
    visit.address.remove(visit);
    visit.stage = stage;
    visit.since = this.now();
    if (stage !== 'ended') this[stage].add(visit);
  }

  /** Credit was taken for the worst when the handshake began. */
  private settle({ address, paidFrom }: Visit, outcome: Outcome): void {
    const back = outcome === 'failed' ? 0 : outcome === 'admitted' ? 1 + this.limits.creditPerAgent : 1;
    paidFrom?.give(back);
    if (outcome === 'admitted') address.know();
    address.credit.give(back);
  }

  private classOf(address: Address<Visit>): Credit {
    return address.isKnown ? this.known : this.strangers;
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      while (this.taken < this.limits.places) {
        const visit = this.next();
        if (visit === undefined) break;
        this.admit(visit);
      }
    } finally {
      this.pumping = false;
    }
  }

  private admit(visit: Visit): void {
    const { address } = visit;
    this.enterStage(visit, 'handshaking');
    address.places += 1;
    address.credit.take();
    visit.paidFrom = this.classOf(address);
    visit.paidFrom.take();
    if (address.line.size > 0) this.ready.add(address);
    visit.start();
  }

  /** The first in line of the address whose turn it is. */
  private next(): Visit | undefined {
    for (const address of this.ready) {
      this.ready.delete(address);
      const [visit] = address.line;
      if (visit === undefined) continue;
      const poor = address.credit.left < 1 || this.classOf(address).left < 1;
      if (!poor && address.places < this.limits.placesPerAddress) return visit;
      if (poor) visit.slowed = true;
      this.resting.add(address);
    }
    return undefined;
  }

  /** Somebody waits for a place that only another one's end can give him. */
  private isWanted(address: Address<Visit>): boolean {
    const { places, placesPerAddress } = this.limits;
    return this.waiting.size > 0 && (this.taken >= places || address.places >= placesPerAddress);
  }

  private expire(visits: Set<Visit>, reason: TurnedAwayReason, limitMs: (visit: Visit) => number): void {
    const now = this.now();
    for (const visit of visits) if (now - visit.since >= limitMs(visit)) this.refuse(visit, reason);
  }

  /**
   * A holder with more than his share gives up one of his own for the next, and for anybody's when he has more than half
   * of all; the oldest of what there is more of. Without such a holder it is the oldest of all.
   */
  private makeRoom({ neighbourhood }: Address<Visit>): void {
    const { waiting } = this.limits;
    const share = Math.max(1, waiting / this.book.neighbourhoods);
    const hasMuch = (neighbourhood?.waiting ?? 0) > share ? neighbourhood : undefined;
    const hasMost = (this.largest?.waiting ?? 0) > waiting / 2 ? this.largest : undefined;
    const { arriving, line } = hasMuch ?? hasMost ?? { arriving: this.arriving, line: this.waiting };
    const [victim] = arriving.size > line.size ? arriving : line;
    if (victim !== undefined) this.refuse(victim, 'crowded');
  }

  private refuse(visit: Visit, reason: TurnedAwayReason): void {
    const isStalled = visit.stage === 'handshaking';
    if (isStalled) this.pace.cut();
    this.observer?.turnedAway(reason);
    this.leave(visit, isStalled ? 'stalled' : 'left');
    visit.turnAway(reason);
  }
}
