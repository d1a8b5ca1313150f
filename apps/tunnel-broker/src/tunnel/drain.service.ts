import { Injectable } from '@nestjs/common';
import { reconnectSlots } from './reconnect-slots.js';
import { SessionRegistry } from './session-registry.js';

/** A session without channels waits this much longer than its slot for the next one; its agent may know no other broker. */
const MOVE_MS = 10_000;

/**
 * Make-before-break: every agent is told to go, opens its next session at another broker, and the old one ends with its
 * last channel or the deadline. Until the next one is there the old one goes on serving dials.
 */
@Injectable()
export class DrainService {
  private stopping = false;

  constructor(private readonly registry: SessionRegistry) {}

  /** No new sessions; those that are here may be resumed. */
  get begun(): boolean {
    return this.stopping;
  }

  begin(): void {
    this.stopping = true;
  }

  /** GOAWAY to every agent, each with its slot. Resolves when all sessions have ended, at the latest at the deadline. */
  async drain(deadlineMs: number, hasSuccessor: boolean): Promise<void> {
    const all = this.registry.all();
    const slots = reconnectSlots(all.length, deadlineMs, hasSuccessor);
    const waits: NodeJS.Timeout[] = [];
    const drains = all.map(({ session, moved }, index) => {
      const reconnectAfterMs = slots[index] ?? 0;
      waits.push(setTimeout(() => session.release(), reconnectAfterMs + MOVE_MS));
      const waitsForRelease = hasSuccessor && !moved;
      return session.drain({
        reason: 'broker-stopped',
        deadlineMs,
        reconnectAfterMs,
        stillOpens: true,
        waitsForRelease,
      });
    });
    await Promise.all(drains);
    for (const wait of waits) clearTimeout(wait);
  }
}
