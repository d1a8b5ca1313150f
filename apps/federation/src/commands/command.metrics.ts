import { type CommandHop, DomainError } from '@app/contracts';
import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';

const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5];

/** What became of the commands to all sites, and where their time went. */
@Injectable()
export class CommandMetrics {
  readonly registry = new Registry();
  private readonly commands = new Counter({
    name: 'adit_commands_total',
    help: 'commands to sites, by what became of them',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'adit_command_seconds',
    help: 'how long commands that were done took, by hop',
    labelNames: ['hop'],
    buckets: BUCKETS,
    registers: [this.registry],
  });

  done(times: Partial<Record<CommandHop, number | null>>): void {
    this.commands.inc({ outcome: 'done' });
    for (const [hop, ms] of Object.entries(times)) if (ms !== null) this.seconds.observe({ hop }, ms / 1_000);
  }

  ended(error: unknown): void {
    this.commands.inc({ outcome: error instanceof DomainError ? error.code : 'internal' });
  }
}
