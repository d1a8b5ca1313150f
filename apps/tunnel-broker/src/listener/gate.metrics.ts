import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import type { GateObserver } from './connection-gate.js';
import { type Outcome, OUTCOMES } from './visit.js';

/** Figures of the door; labels are bounded: no address. */
@Injectable()
export class GateMetrics implements GateObserver {
  readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly turnedAwayTotal = new Counter({
    name: 'adit_gate_turned_away_total',
    help: 'Connections closed before they came to a decision, by reason',
    labelNames: ['reason'],
    registers: this.registers,
  });
  private readonly endedTotal = new Counter({
    name: 'adit_gate_handshakes_total',
    help: `Handshakes by outcome: ${OUTCOMES.join(', ')}`,
    labelNames: ['outcome'],
    registers: this.registers,
  });
  private readonly slowedTotal = new Counter({
    name: 'adit_gate_slowed_total',
    help: 'Handshakes that had to wait because those of their address fail',
    registers: this.registers,
  });

  /** @param read where connections are now */
  watch(read: () => { waiting: number; places: number }): void {
    this.gauge('adit_gate_waiting', 'Connections that have no handshake yet', () => read().waiting);
    this.gauge('adit_gate_places', 'Handshakes and admissions under way', () => read().places);
  }

  turnedAway(reason: string): void {
    this.turnedAwayTotal.inc({ reason });
  }

  ended(outcome: Outcome, slowed: boolean): void {
    this.endedTotal.inc({ outcome });
    if (slowed) this.slowedTotal.inc();
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: this.registers, collect: () => gauge.set(read()) });
  }
}
