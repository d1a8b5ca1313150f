import type { Session } from '@app/multiplex';
import { Injectable } from '@nestjs/common';

/** A session of an agent at this broker. */
export interface LiveSession {
  id: string;
  tenantId: string;
  siteId: string;
  siteLabel: string;
  agentId: string;
  serial: string;
  session: Session;
  /** Its row is in the database. */
  registered: boolean;
}

/** The sessions of this process, newest last. */
@Injectable()
export class SessionRegistry {
  private readonly sessions = new Map<string, LiveSession>();

  add(live: LiveSession): void {
    this.sessions.set(live.id, live);
  }

  remove(id: string): void {
    this.sessions.delete(id);
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

  /** The newest session of a site that takes channels. The tenant is part of the key: a label alone finds nothing. */
  ofSite(tenantId: string, siteLabel: string): LiveSession | undefined {
    return this.all().findLast(
      (live) => live.tenantId === tenantId && live.siteLabel === siteLabel && live.session.state === 'open',
    );
  }
}
