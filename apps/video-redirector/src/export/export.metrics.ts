import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { RedirectorMetrics } from '../rtsp/redirector.metrics.js';

/** Figures of exports; no label of a camera or a person. */
@Injectable()
export class ExportMetrics {
  /** Exports now. */
  running = 0;
  private readonly ended: Counter<'code'>;
  private readonly bytes: Counter;

  constructor({ registry }: RedirectorMetrics) {
    const registers = [registry];
    const now: Gauge = new Gauge({
      name: 'adit_exports',
      help: 'Exports of recordings now',
      registers,
      collect: () => now.set(this.running),
    });
    this.ended = new Counter({
      name: 'adit_exports_ended_total',
      help: 'Exports of recordings that ended, by code; the whole ones are complete',
      labelNames: ['code'],
      registers,
    });
    this.bytes = new Counter({
      name: 'adit_export_bytes_total',
      help: 'Bytes of files handed to clients',
      registers,
    });
  }

  sent(bytes: number): void {
    this.bytes.inc(bytes);
  }

  finished(code: string): void {
    this.ended.inc({ code });
  }
}
