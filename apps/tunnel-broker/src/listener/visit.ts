import type { Address } from './address.js';
import type { Credit } from './credit.js';

/**
 * How a handshake ended. `admitted`: an agent is in. `failed`: the peer has shown that it is none, or went away at
 * once. `left`: it went away later. `stalled`: it did not do its part, as attackers do, and agents whose line or machine
 * is overloaded. `excused`: an agent that may not come in just now, or a keyfile that enrols.
 */
export const OUTCOMES = ['admitted', 'failed', 'left', 'stalled', 'excused'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type TurnedAwayReason = 'hello-late' | 'crowded' | 'line-too-long' | 'handshake-stalled';

/** `arriving`: no ClientHello yet; `waiting`: in line; `handshaking`: the peer's turn; `judging`: ours. */
export type Stage = 'arriving' | 'waiting' | 'handshaking' | 'judging' | 'ended';

/** What a visit needs of its gate. */
export interface Doorkeeper {
  move(visit: Visit, origin: string): void;
  line(visit: Visit): void;
  judge(visit: Visit): void;
  leave(visit: Visit, outcome: Outcome): void;
}

/** One connection at the gate. Reporting something twice, or after the end, is harmless. */
export class Visit {
  stage: Stage = 'arriving';
  /** It had to wait for the credit of its address. */
  slowed = false;
  peerTookMs: number | undefined;
  /** Known addresses or strangers, as its address was when the handshake began. */
  paidFrom: Credit | undefined;
  start: () => void = () => undefined;
  /** Steady ms. */
  readonly arrivedAt: number;

  constructor(
    private readonly gate: Doorkeeper,
    public address: Address<Visit>,
    /** Steady ms: when the stage began. */
    public since: number,
    /** Closes the connection. */
    readonly turnAway: (reason: TurnedAwayReason) => void,
  ) {
    this.arrivedAt = since;
  }

  /** A balancer told whose connection it is. */
  from(origin: string): void {
    if (this.stage === 'arriving') this.gate.move(this, origin);
  }

  /** The ClientHello is there. @param start called once, when there is a place */
  queue(start: () => void): void {
    if (this.stage !== 'arriving') return;
    this.start = start;
    this.gate.line(this);
  }

  /** The peer has done its part. */
  judging(): void {
    if (this.stage === 'handshaking') this.gate.judge(this);
  }

  end(outcome: Outcome): void {
    if (this.stage !== 'ended') this.gate.leave(this, outcome);
  }
}
