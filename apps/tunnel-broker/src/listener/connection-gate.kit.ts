import { ConnectionGate } from './connection-gate.js';
import { DEFAULT_GATE_LIMITS, type GateLimits } from './gate-limits.js';
import type { Outcome, Visit } from './visit.js';

/** Limits that a test reaches. */
export const SMALL: GateLimits = {
  ...DEFAULT_GATE_LIMITS,
  places: 4,
  placesPerAddress: 3,
  waiting: 10,
  credit: { most: 4, perSecond: 1 },
  knownCredit: { most: 8, perSecond: 2 },
  classCredit: { most: 100, perSecond: 50 },
  addresses: 3,
};

/** A gate with a clock that is turned by hand, and what it did to each connection. */
export class Door {
  now = 0;
  readonly started: string[] = [];
  readonly turnedAway: string[] = [];
  readonly outcomes: string[] = [];
  readonly gate: ConnectionGate;
  readonly limits: GateLimits;

  constructor(change: Partial<GateLimits> = {}) {
    this.limits = { ...SMALL, ...change };
    const observer = {
      turnedAway: () => undefined,
      ended: (outcome: Outcome, slowed: boolean) => void this.outcomes.push(slowed ? `${outcome}, slowed` : outcome),
    };
    this.gate = new ConnectionGate(this.limits, observer, () => this.now);
  }

  silent(origin: string, name = origin): Visit {
    return this.gate.arrive(origin, (reason) => void this.turnedAway.push(`${name}: ${reason}`));
  }

  hello(origin: string, name = origin): Visit {
    const visit = this.silent(origin, name);
    visit.queue(() => void this.started.push(name));
    return visit;
  }

  /** As many as there are names in the text. */
  hellos(origin: string, names: string): Visit[] {
    return names.split(' ').map((name) => this.hello(origin, name));
  }

  /** A handshake from its beginning to this end. */
  pass(origin: string, outcome: Outcome): void {
    this.hello(origin).end(outcome);
  }

  /** One that fails as soon as it is given a handshake. */
  attack(origin: string): void {
    const visit = this.silent(origin);
    visit.queue(() => {
      this.started.push(origin);
      visit.end('failed');
    });
  }

  wait(ms: number): void {
    for (const until = this.now + ms; this.now < until; this.gate.tick()) this.now += 100;
  }
}
