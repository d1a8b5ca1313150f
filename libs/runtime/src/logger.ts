import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { describeError } from './error-record.js';
import { LogOutput } from './log-output.js';

/** Members that may hold a secret never reach a log, wherever they hang. */
const REDACTED = [
  'token',
  'password',
  'ticket',
  'siteTicket',
  'authorization',
  'sealedToken',
  'sealedPassword',
  'sealedKeyfile',
  'keyfile',
  'privateKey',
  'secret',
];

export type AppLogger = Logger;

/** A reader of the log that is gone must not end the app, nor hang it: pino's own writer retries a broken pipe for ever. */
process.stdout.on('error', () => undefined);

/** JSON lines on stdout. */
export const createLogger = (app: string, level: string): AppLogger =>
  pino(
    {
      name: app,
      level,
      base: { app },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '••••' },
    },
    new LogOutput(process.stdout),
  );

/** Nest's own lines, through the same logger; its start-up chatter counts as debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: AppLogger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, message instanceof Error ? message.message : String(message));
  }

  debug(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message));
  }

  fatal(message: unknown, context?: string): void {
    this.logger.fatal({ context }, String(message));
  }
}
