import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { Admission, exceeded, type ViewerKind } from './admission.js';
import type { ViewerPool } from './viewer-pool.js';

/** How much of the limits is in use, and what was refused by them. A limit that is not set is `+Inf`. */
@Injectable()
export class AdmissionMetrics {
  private readonly registers;
  private readonly pools: [ViewerKind, ViewerPool][];

  constructor(admission: Admission, { registry }: RedirectorMetrics) {
    this.registers = [registry];
    this.pools = [
      ['live', admission.pools.live],
      ['playback', admission.pools.playback],
    ];
    this.gauge('adit_capacity_used_viewers', 'Viewers that hold a place', ({ used }) => used.viewers);
    this.gauge('adit_capacity_limit_viewers', 'Viewers that may hold one', ({ limits }) => limits.viewers);
    this.gauge('adit_bandwidth_used_bits_per_second', 'What viewers are sent', ({ used }) => used.bitsPerS);
    this.gauge('adit_bandwidth_limit_bits_per_second', 'What they may be sent', ({ limits }) => limits.bitsPerS);
    this.countRefusals();
    this.countPreempted();
  }

  private gauge(name: string, help: string, of: (pool: ViewerPool) => number): void {
    const gauge: Gauge<'kind'> = new Gauge({
      name,
      help,
      labelNames: ['kind'],
      registers: this.registers,
      collect: () => {
        for (const [kind, pool] of this.pools) gauge.set({ kind }, of(pool));
      },
    });
  }

  private countRefusals(): void {
    const refusals: Counter<'reason'> = new Counter({
      name: 'adit_admission_refusals_total',
      help: 'Viewers refused by a capacity or a cap, by code',
      labelNames: ['reason'],
      registers: this.registers,
      collect: () => {
        refusals.reset();
        for (const [kind, { refused }] of this.pools) {
          refusals.inc({ reason: exceeded(kind, 'capacity').code }, refused.capacity);
          refusals.inc({ reason: exceeded(kind, 'bandwidth').code }, refused.bandwidth);
        }
      },
    });
  }

  private countPreempted(): void {
    const preempted: Counter<'kind'> = new Counter({
      name: 'adit_viewers_preempted_total',
      help: 'Viewers that had to go for one of a higher level',
      labelNames: ['kind'],
      registers: this.registers,
      collect: () => {
        preempted.reset();
        for (const [kind, pool] of this.pools) preempted.inc({ kind }, pool.preempted);
      },
    });
  }
}
