import { setTimeout as delay } from 'node:timers/promises';
import { directory, DomainError, type RoleState } from '@app/contracts';
import type { AppLogger } from '@app/runtime';
import { outlastOutage } from '../database/outlast-outage.js';
import { nextRoleState, type RoleEvent } from '../roles/role-state.js';
import { arrivals } from './arrivals.js';
import { backOffMs, type BackOffOptions } from './back-off.js';
import { contactFault, type ContactFault } from './contact-fault.js';
import type { Contact, SiteInfo } from './directory-session.js';
import { EntityIntake } from './entity-intake.js';
import type { EntityOwner, EntityStore } from '../entities/entity-store.js';

/** A role that is complete and enabled. */
export interface ConnectedRole extends EntityOwner {
  siteLabel: string;
  address: string;
  isTunnelled: boolean;
  resilient: boolean;
  reconnectionTimeoutMs: number;
  federatesAlarms: boolean;
  /** Changes with address, account and pin. */
  way: string;
  /** Empty means all. */
  entityKinds: directory.EntityKind[];
}

export interface RoleConnectionPorts {
  open: (signal: AbortSignal) => Promise<Contact>;
  revision: () => Promise<bigint>;
  store: Pick<EntityStore, 'replace' | 'apply'>;
  /** Fetches what happens at the site while the contact lasts; ends by an error alone. */
  events: (contact: Contact, signal: AbortSignal) => Promise<never>;
  /** Best effort; the supervisor repeats what did not get through. */
  stateChanged: (state: RoleState, reason: string | null) => void;
  contacted: (info: SiteInfo) => void;
  /** Resolves when nothing is on its way to the row. */
  settled: () => Promise<void>;
  logger: AppLogger;
}

export interface RoleConnectionOptions extends BackOffOptions {
  /** Back-off after a refused account: only a person can help, and each try is a failure in the site's books. */
  refusedMs: number;
  /** A contact that lasted this long resets the back-off. */
  stableMs: number;
  checkIntervalMs: number;
  /** Pause between tries to write while the database is away. */
  storeRetryMs: number;
}

export const roleConnectionDefaults: RoleConnectionOptions = {
  firstMs: 500,
  maxMs: 10_000,
  random: Math.random,
  refusedMs: 30_000,
  stableMs: 10_000,
  checkIntervalMs: 30_000,
  storeRetryMs: 500,
};

/** Messages read ahead of the database. */
const MAX_ARRIVALS = 100;

/** Keeps one role in contact with its site: a loop of attempts with back-off, until closed. */
export class RoleConnection {
  #state: RoleState = 'connecting';
  #reason: string | null = null;
  #session: Contact | undefined;
  #suspendedAt: number | undefined;
  #clockReason: string | null = null;
  #wake: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
  readonly #options: RoleConnectionOptions;

  constructor(
    readonly role: ConnectedRole,
    private readonly ports: RoleConnectionPorts,
    options: Partial<RoleConnectionOptions> = {},
  ) {
    this.#options = { ...roleConnectionDefaults, ...options };
  }

  get state(): RoleState {
    return this.#state;
  }

  get reason(): string | null {
    return this.#reason;
  }

  /** The open contact, if there is one. */
  get session(): Contact | undefined {
    return this.#session;
  }

  /** Says again how it is. */
  report(): void {
    this.ports.stateChanged(this.#state, this.#reason);
  }

  start(): void {
    this.report();
    this.#done = this.#loop();
  }

  /** Something changed at the site: try now. */
  kick(): void {
    this.#wake();
  }

  /** Harmless when repeated. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#done;
    await this.ports.settled();
  }

  async #loop(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      const startedAt = performance.now();
      const fault = await this.#attempt();
      if (this.#stop.signal.aborted) return;
      this.#lost(fault);
      if (performance.now() - startedAt > this.#options.stableMs) attempt = 0;
      // Somebody is at work there: what the account may do now should be seen soon.
      if (fault.code === 'account-changed') attempt = Math.min(attempt, 1);
      const pauseMs = fault.event === 'refused' ? this.#options.refusedMs : backOffMs(attempt, this.#options);
      if (await this.#pause(pauseMs)) attempt = 0;
    }
  }

  /** One contact from dialling to its end. @returns why it ended */
  async #attempt(): Promise<ContactFault> {
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, attempt.signal]);
    try {
      const session = await this.ports.open(signal);
      this.#session = session;
      this.#move('opened', null);
      this.#contacted(session.info);
      const ended = session.ended.then(() => Promise.reject(new DomainError('site-unreachable', 'the contact broke')));
      const events = this.ports.events(session, signal);
      await Promise.race([this.#watch(session, signal), events, this.#check(session, signal), ended]);
      return contactFault(undefined);
    } catch (error) {
      return contactFault(error);
    } finally {
      this.#session?.close();
      this.#session = undefined;
      attempt.abort();
    }
  }

  async #watch(session: Contact, signal: AbortSignal): Promise<void> {
    const intake = new EntityIntake(this.role, this.ports.store);
    const revision = await this.#persist(() => this.ports.revision(), signal);
    const request = { sinceRevision: revision, kinds: this.role.entityKinds };
    for await (const messages of arrivals(session.watch(request, signal), MAX_ARRIVALS)) {
      for (const message of messages) {
        const isCurrent = await this.#persist(() => intake.take(message), signal);
        if (isCurrent && this.#state !== 'connected') this.#move('synchronized', this.#clockReason);
      }
      await this.#persist(() => intake.flush(), signal);
    }
  }

  /** While the database is away the site waits: flow control of the lane holds it back. */
  #persist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return outlastOutage(work, signal, this.#options.storeRetryMs);
  }

  async #check(session: Contact, signal: AbortSignal): Promise<never> {
    for (;;) {
      await delay(this.#options.checkIntervalMs, undefined, { signal });
      this.#contacted(await session.check(signal));
    }
  }

  /** A wrong clock of the site spoils times, not the contact: it is the reason that a connected role gives. */
  #contacted(info: SiteInfo): void {
    this.ports.contacted(info);
    this.#clockReason = clockReason(info.clockSkewMs);
    if (this.#state !== 'connected' || this.#reason === this.#clockReason) return;
    this.#reason = this.#clockReason;
    this.report();
  }

  #lost({ event, code, detail }: ContactFault): void {
    const reason = `${code}: ${detail}`;
    // A site may be away for days: its log line comes once, and again when the reason is another.
    if (reason !== this.#reason) {
      this.ports.logger.warn(
        { roleId: this.role.roleId, site: this.role.siteLabel, code, detail },
        'no contact with the site',
      );
    }
    this.#move(event === 'failed' && this.#mayWait() ? 'suspended' : event, reason);
  }

  /** A resilient role has its reconnection time before anybody is told that the site is gone. */
  #mayWait(): boolean {
    if (!this.role.resilient || (this.#state !== 'connected' && this.#state !== 'warning')) return false;
    this.#suspendedAt ??= performance.now();
    return performance.now() - this.#suspendedAt < this.role.reconnectionTimeoutMs;
  }

  #move(event: RoleEvent, reason: string | null): void {
    const next = nextRoleState(this.#state, event);
    if (next === 'connected') this.#suspendedAt = undefined;
    if (next === this.#state && reason === this.#reason) return;
    this.#state = next;
    this.#reason = reason;
    this.ports.stateChanged(next, reason);
  }

  /** @returns whether it was woken before its time */
  #pause(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (woken: boolean): void => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve(woken);
      };
      const timer = setTimeout(() => end(false), ms);
      this.#wake = () => end(true);
    });
  }
}

/** Times of events and recordings are worth little beyond this. */
const MAX_CLOCK_SKEW_MS = 10_000;

/** To the second: a reason that changes with each look would be written as often. */
const clockReason = (skewMs: number): string | null => {
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return null;
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return `clock-skew: the clock of the site is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
};
