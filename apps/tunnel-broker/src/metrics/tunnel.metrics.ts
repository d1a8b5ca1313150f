import type { Session } from '@app/multiplex';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { SessionRegistry } from '../tunnel/session-registry.js';
import { CLASSES, SessionTotals } from './session-totals.js';

const RTT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const MS_PER_S = 1_000;

type Write = (value: number, labels?: Record<string, string>) => void;

/**
 * Figures of this broker (docs/metrics.md), added up when they are asked for. Labels are bounded: there are thousands of
 * sites, so none of them has one.
 */
@Injectable()
export class TunnelMetrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly sessions = new Set<Session>();
  private readonly past = new SessionTotals();
  /** For the figures of one answer. */
  private present: SessionTotals | undefined;
  private readonly dials = new Counter({
    name: 'adit_tunnel_dials_total',
    help: 'Dials at the ingress, by code; ok: a channel or a relay was opened',
    labelNames: ['code'],
    registers: this.registers,
  });
  private readonly roundTrips = new Histogram({
    name: 'adit_tunnel_round_trip_seconds',
    help: 'Smoothed round trips of the control lanes, one sample for each ping',
    buckets: RTT_BUCKETS_S,
    registers: this.registers,
  });

  constructor({ budget, sendBudget }: SessionRegistry) {
    this.sessionFigures();
    this.classFigures();
    this.gauge('adit_tunnel_budget_reserved_bytes', 'Receive windows granted to all sites', [], (write) =>
      write(budget.reservedBytes),
    );
    this.gauge('adit_tunnel_budget_limit_bytes', 'What may be granted', [], (write) => write(budget.limitBytes));
    this.gauge('adit_tunnel_send_budget_used_bytes', 'What waits to be sent or acknowledged', [], (write) =>
      write(sendBudget.usedBytes),
    );
    this.gauge('adit_tunnel_send_budget_limit_bytes', 'What may wait', [], (write) => write(sendBudget.limitBytes));
  }

  /** From before its admission to its end; its counters stay. */
  follow(session: Session): void {
    this.sessions.add(session);
    session.on('rtt', (rttMs) => this.roundTrips.observe(rttMs / MS_PER_S));
    session.once('close', () => {
      this.sessions.delete(session);
      this.past.add(session.stats);
    });
  }

  dialled(code: string): void {
    this.dials.inc({ code });
  }

  private sessionFigures(): void {
    const count = (test: (session: Session) => boolean): number => [...this.sessions].filter(test).length;
    const isUp = ({ state }: Session): boolean => state === 'open' || state === 'draining';
    this.gauge('adit_tunnel_sessions', 'Sessions that are up, suspended ones included', [], (write) =>
      write(count(isUp)),
    );
    this.gauge('adit_tunnel_sessions_suspended', 'Sessions without a lane that may be resumed', [], (write) =>
      write(count(({ suspended }) => suspended)),
    );
    this.gauge('adit_tunnel_lanes', 'Connections of sessions', [], (write) => write(this.totals.lanes));
    this.counter('adit_tunnel_resumes_total', 'Sessions that came back after all lanes were lost', [], (write) =>
      write(this.totals.resumes),
    );
    this.counter('adit_tunnel_lanes_lost_total', 'Lanes that ended before their session', [], (write) =>
      write(this.totals.lanesLost),
    );
  }

  private classFigures(): void {
    const by = ['class'];
    const gauge = (name: string, help: string, of: keyof Numbers, scale = 1): void =>
      this.gauge(name, help, by, (write) => this.eachClass(of, (value, labels) => write(value / scale, labels)));
    const counter = (name: string, help: string, of: keyof Numbers): void =>
      this.counter(name, help, by, (write) => this.eachClass(of, write));
    gauge('adit_tunnel_channels', 'Open channels', 'channels');
    counter('adit_tunnel_channels_opened_total', 'Channels that were accepted', 'channelsOpened');
    counter('adit_tunnel_channels_ended_total', 'Channels that ended', 'channelsEnded');
    this.counter('adit_tunnel_bytes_total', 'Payload; up is from the site', [...by, 'direction'], (write) => {
      this.eachClass('bytesReceived', (value, labels) => write(value, { ...labels, direction: 'up' }));
      this.eachClass('bytesSent', (value, labels) => write(value, { ...labels, direction: 'down' }));
    });
    counter(
      'adit_tunnel_resent_bytes_total',
      'Payload sent to sites once more after the loss of a lane',
      'bytesResent',
    );
    gauge('adit_tunnel_queued_bytes', 'Payload that waits to be sent to sites', 'queuedBytes');
    const age = 'Longest time that a byte waits to be sent to its site';
    gauge('adit_tunnel_queue_age_seconds', age, 'queueAgeMs', MS_PER_S);
    this.counter('adit_tunnel_resets_total', 'Channels that were cut, by code', [...by, 'code'], (write) => {
      for (const name of CLASSES) {
        for (const [code, count] of Object.entries(this.totals.classes[name].resets))
          write(count, { class: name, code });
      }
    });
  }

  private eachClass(of: keyof Numbers, write: Write): void {
    for (const name of CLASSES) write(this.totals.classes[name][of], { class: name });
  }

  private get totals(): SessionTotals {
    if (this.present !== undefined) return this.present;
    const totals = new SessionTotals();
    totals.add(this.past);
    for (const { stats } of this.sessions) totals.add(stats);
    this.present = totals;
    setImmediate(() => (this.present = undefined));
    return totals;
  }

  private gauge(name: string, help: string, labelNames: string[], collect: (write: Write) => void): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: this.registers,
      collect: () => collect((value, labels = {}) => gauge.set(labels, value)),
    });
  }

  private counter(name: string, help: string, labelNames: string[], collect: (write: Write) => void): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: this.registers,
      collect: () => {
        counter.reset();
        collect((value, labels = {}) => counter.inc(labels, value));
      },
    });
  }
}

type Numbers = Omit<SessionTotals['classes']['live'], 'resets'>;
