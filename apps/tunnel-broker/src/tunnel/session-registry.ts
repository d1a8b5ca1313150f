import { Budget, SendBudget, type Session, type SessionState } from '@app/multiplex';
import { Injectable } from '@nestjs/common';
import type { Alarm } from '../time/alarm.js';

/**
 * Windows granted to all agents together; a channel that cannot be promised 64 KiB is refused. The same again for what
 * waits to be sent to them.
 */
const PROCESS_BUDGET_BYTES = 512 * 1024 * 1024;

/** A session of an agent at this broker. */
export interface LiveSession {
  id: string;
  tenantId: string;
  siteId: string;
  siteLabel: string;
  agentId: string;
  /** Of the newest certificate that one of its connections was made with. */
  serial: string;
  /** Rings at the end of that certificate. */
  expiry: Alarm | undefined;
  /** What the proofs of a renewal are bound to: TLS exporter of the connection that opened the session, 32 bytes. */
  exporter: Buffer;
  peerAddress: string;
  /** When a renewal was last asked for; 0: never. */
  renewedAtMs: number;
  /** Until when its reports have taken all turns; ms since 1970, 0: none. */
  reportsPaidMs: number;
  session: Session;
  /** Its row is in the database. */
  registered: boolean;
  /** Settles when the agent was let in, or was not. */
  started: Promise<unknown>;
  /** It drains, and the agent has its next session at another broker: who dials goes there. */
  moved: boolean;
}

/** The sessions of this process, and what they share. */
@Injectable()
export class SessionRegistry {
  readonly budget = new Budget(PROCESS_BUDGET_BYTES);
  readonly sendBudget = new SendBudget(PROCESS_BUDGET_BYTES);
  private readonly sessions = new Map<string, LiveSession>();
  /** Newest last. */
  private readonly bySite = new Map<string, LiveSession[]>();

  add(live: LiveSession): void {
    this.sessions.set(live.id, live);
    const key = siteKey(live.tenantId, live.siteLabel);
    this.bySite.set(key, [...(this.bySite.get(key) ?? []), live]);
  }

  remove(id: string): void {
    const live = this.sessions.get(id);
    if (live === undefined) return;
    this.sessions.delete(id);
    const key = siteKey(live.tenantId, live.siteLabel);
    const others = (this.bySite.get(key) ?? []).filter((other) => other !== live);
    if (others.length > 0) this.bySite.set(key, others);
    else this.bySite.delete(key);
  }

  /** The agent has its next session at another broker: this one only finishes what it carries. */
  handOver(id: string): void {
    const live = this.sessions.get(id);
    if (live === undefined) return;
    live.moved = true;
    live.session.release();
  }

  get(id: string): LiveSession | undefined {
    return this.sessions.get(id);
  }

  all(): LiveSession[] {
    return [...this.sessions.values()];
  }

  ofAgent(agentId: string): LiveSession[] {
    return this.all().filter((live) => live.agentId === agentId);
  }

  /**
   * The newest session of a site that takes channels, one that drains when there is no other anywhere yet. The tenant is
   * part of the key: a label alone finds nothing.
   */
  ofSite(tenantId: string, siteLabel: string): LiveSession | undefined {
    const usable = (this.bySite.get(siteKey(tenantId, siteLabel)) ?? []).filter(
      ({ session, moved }) => !session.suspended && !moved,
    );
    const inState = (state: SessionState) => usable.findLast(({ session }) => session.state === state);
    return inState('open') ?? inState('draining');
  }

  /** As `ofSite`, after one that is just being let in: its row, and with it the way here, is there before it takes channels. */
  async ofSiteSoon(tenantId: string, siteLabel: string): Promise<LiveSession | undefined> {
    const entering = this.bySite
      .get(siteKey(tenantId, siteLabel))
      ?.findLast(({ session }) => session.state === 'handshaking');
    const usable = this.ofSite(tenantId, siteLabel);
    if (usable !== undefined || entering === undefined) return usable;
    await entering.started.catch(() => undefined);
    return this.ofSite(tenantId, siteLabel);
  }
}

const siteKey = (tenantId: string, siteLabel: string): string => `${tenantId}/${siteLabel}`;
