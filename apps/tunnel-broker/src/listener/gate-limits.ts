import type { CreditRate } from './credit.js';

/** Every size and wait of what strangers can make the broker hold or do. Times in ms. */
export interface GateLimits {
  /** Handshakes under way: from the first byte that TLS gets to the decision about the agent. */
  places: number;
  placesPerAddress: number;
  /** Connections without a place: their ClientHello is awaited, or they wait in line. */
  waiting: number;
  /** For a whole ClientHello. */
  helloMs: number;
  /** In line for a place. Agents give a connection up after 20 s, handshake included. */
  waitMs: number;
  /** In line where credit is missing: there the next connection has the same chance, and sooner. */
  poorWaitMs: number;
  /** For the peer's part of the handshake … */
  stallMs: number;
  /** … and while others wait for the place: four times what agents take just now, at least this. */
  hurriedStallMs: number;
  /** Whoever was here this long and goes away has lost patience; that is no attack. */
  patienceMs: number;
  /** Failed handshakes of one address: the first at once, then so many per second. */
  credit: CreditRate;
  /** The same of an address from which an agent came in within `knownMs`. */
  knownCredit: CreditRate;
  knownMs: number;
  /** Failed handshakes of all known addresses together, and again of all others. */
  classCredit: CreditRate;
  /** An agent that comes in costs more than these failures do, so attackers beside it do not hold it up. */
  creditPerAgent: number;
  /** Known addresses that are remembered when no connection of theirs is here, and as many others; the oldest goes first. */
  addresses: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = {
  places: 256,
  placesPerAddress: 192,
  waiting: 8_192,
  helloMs: 5_000,
  waitMs: 15_000,
  poorWaitMs: 4_000,
  stallMs: 5_000,
  hurriedStallMs: 1_000,
  patienceMs: 2_000,
  credit: { most: 200, perSecond: 50 },
  knownCredit: { most: 400, perSecond: 100 },
  knownMs: 3_600_000,
  classCredit: { most: 500, perSecond: 150 },
  creditPerAgent: 4,
  addresses: 20_000,
};
