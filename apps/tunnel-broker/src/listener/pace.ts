/** Weight of one agent that came in, and of one handshake that was cut. */
const CAME_IN = 1 / 8;
const CUT = 1 / 100;
const FACTOR = 4;

/**
 * How long the peer's part of a handshake may take while others wait for its place: several times what it takes agents
 * just now. Those that are cut are not among the agents, so each cut makes it a little longer: if agents are slow
 * because their line is full, the limit finds them again; stalling strangers beside agents move it little.
 */
export class Pace {
  private typicalMs: number;

  constructor(
    private readonly leastMs: number,
    private readonly mostMs: number,
  ) {
    this.typicalMs = mostMs / FACTOR;
  }

  get limitMs(): number {
    return Math.min(this.mostMs, Math.max(this.leastMs, FACTOR * this.typicalMs));
  }

  cameIn(afterMs: number): void {
    this.typicalMs += (afterMs - this.typicalMs) * CAME_IN;
  }

  cut(): void {
    this.typicalMs += (this.mostMs / FACTOR - this.typicalMs) * CUT;
  }
}
