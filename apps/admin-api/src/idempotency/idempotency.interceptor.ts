import { DomainError } from '@app/contracts';
import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { StreamableFile } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { from, lastValueFrom, type Observable, of } from 'rxjs';
import type { ApiRequest } from '../http/request.js';
import { isUpload, readUpload } from '../http/upload.js';
import { ANSWERED_ONCE } from './answered-once.decorator.js';
import { type Claim, IdempotencyService, type KeptAnswer } from './idempotency.service.js';

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
export const IDEMPOTENCY_REPLAYED = 'Idempotency-Replayed';
const FORM = /^[\x21\x23-\x7e]{1,200}$/;
const KEPT_HEADERS = ['etag', 'location'];

/** Every POST of a signed-in caller honours Idempotency-Key. A success is kept; a failure has made nothing and frees the key. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(IdempotencyService) private readonly keys: IdempotencyService,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    const { caller, method, originalUrl: url } = request;
    const key = request.header(IDEMPOTENCY_KEY);
    if (key === undefined || method !== 'POST' || !caller) return next.handle();
    const begun = await this.keys.begin(caller, keyOf(key), { method, url, body: await bodyOfRequest(request) });
    if ('status' in begun) return of(replay(response, begun));
    const once = this.reflector.get<string[] | undefined>(ANSWERED_ONCE, context.getHandler()) ?? [];
    return from(this.run(begun, next, response, once));
  }

  private async run(claim: Claim, next: CallHandler, response: Response, once: readonly string[]): Promise<unknown> {
    let value: unknown;
    try {
      value = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.keys.release(claim);
      throw error;
    }
    await this.keys.complete(claim, keptOf(value, response, once));
    return value;
  }
}

const bodyOfRequest = async (request: ApiRequest): Promise<unknown> => {
  if (!isUpload(request)) return request.body as unknown;
  const { type, bytes } = await readUpload(request);
  return { type, bytes: bytes.toString('base64') };
};

/** The draft has the key in quotes; many clients leave them out. @throws DomainError `invalid-request` */
const keyOf = (header: string): string => {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (FORM.test(key)) return key;
  throw new DomainError('invalid-request', `${IDEMPOTENCY_KEY} is not valid`, {
    fields: [
      { pointer: `/${IDEMPOTENCY_KEY}`, detail: '1 to 200 visible ASCII characters without a quote, best a UUID' },
    ],
  });
};

const replay = (response: Response, { status, headers, body }: KeptAnswer): unknown => {
  response.status(status).setHeader(IDEMPOTENCY_REPLAYED, 'true');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  return body === null ? undefined : (JSON.parse(body) as unknown);
};

/** Null for what is no JSON answer: files, and what the handler has written by itself. */
const keptOf = (value: unknown, response: Response, once: readonly string[]): KeptAnswer | null => {
  if (response.headersSent || value instanceof StreamableFile || Buffer.isBuffer(value)) return null;
  const headers = KEPT_HEADERS.flatMap((name) => {
    const header = response.getHeader(name);
    return typeof header === 'string' ? [[name, header] as const] : [];
  });
  return { status: response.statusCode, headers: Object.fromEntries(headers), body: bodyOf(value, once) };
};

const bodyOf = (value: unknown, once: readonly string[]): string | null => {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || once.length === 0) return JSON.stringify(value);
  const hidden = Object.fromEntries(once.filter((name) => name in value).map((name) => [name, null]));
  return JSON.stringify({ ...value, ...hidden });
};
