import { DomainError, errorBody, isErrorCode, type EventContract, type RequestContract } from '@app/contracts';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, timeout, TimeoutError, toArray } from 'rxjs';
import type { z } from 'zod';
import type { CommonEnvironment } from '../environment.js';
import type { AppLogger } from '../logger.js';
import { CONFIG, LOGGER } from '../tokens.js';
import { natsOptions } from './nats.js';

/** Asks other apps by contract. Every failure is a DomainError: the asked app's own, `timeout` or `unavailable`. */
@Injectable()
export class MessageClient implements OnApplicationShutdown {
  private readonly proxy: ClientProxy;

  constructor(
    @Inject(CONFIG) config: CommonEnvironment,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.proxy = ClientProxyFactory.create({
      transport: Transport.NATS,
      options: natsOptions(`${String(logger.bindings()['app'])}-client`, config),
    });
  }

  async request<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    body: z.input<Req>,
  ): Promise<z.output<Res>> {
    const reply: unknown = await firstValueFrom(
      this.proxy.send<unknown>(contract.subject, body).pipe(timeout(contract.timeoutMs)),
    ).catch((cause: unknown) => {
      throw toDomainError(contract.subject, cause);
    });
    return this.parsed(contract, reply);
  }

  /** All replies of a request that has several, in their order; each has the contract's time after the one before. */
  async requestAll<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    body: z.input<Req>,
  ): Promise<z.output<Res>[]> {
    const replies = await lastValueFrom(
      this.proxy.send<unknown>(contract.subject, body).pipe(timeout(contract.timeoutMs), toArray()),
    ).catch((cause: unknown) => {
      throw toDomainError(contract.subject, cause);
    });
    return replies.map((reply) => this.parsed(contract, reply));
  }

  /** A hint: lost when nobody listens. */
  emit<Body extends z.ZodType>(contract: EventContract<Body>, body: z.input<Body>): void {
    this.proxy.emit(contract.subject, body).subscribe({
      error: (error: unknown) => this.logger.debug({ subject: contract.subject, err: error }, 'a hint was not sent'),
    });
  }

  private parsed<Req extends z.ZodType, Res extends z.ZodType>(
    { subject, reply: shape }: RequestContract<Req, Res>,
    reply: unknown,
  ): z.output<Res> {
    const parsed = shape.safeParse(reply);
    if (parsed.success) return parsed.data;
    this.logger.error({ subject, issues: parsed.error.issues }, 'a reply does not match its contract');
    throw new DomainError('internal', `the answer to ${subject} does not match its contract`);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.proxy.close();
  }
}

const toDomainError = (subject: string, cause: unknown): DomainError => {
  if (cause instanceof TimeoutError)
    return new DomainError('timeout', `no answer to ${subject} in time`, { cause, retryAfterMs: 1_000 });
  const body = errorBody.safeParse(cause);
  if (body.success && isErrorCode(body.data.code)) {
    const { code, detail, retryAfterMs, hop, fields } = body.data;
    return new DomainError(code, detail, {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(hop === undefined ? {} : { hop }),
      ...(fields === undefined ? {} : { fields }),
    });
  }
  return new DomainError('unavailable', `nobody answers ${subject} now`, { cause, retryAfterMs: 1_000 });
};
