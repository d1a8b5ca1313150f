import {
  controlRequest,
  type ControlAnswer,
  type ControlKind,
  type ControlRequest,
  type ControlResponse,
  CONTROL,
  CONTROL_SERVICE,
  DomainError,
  encodeMessage,
  MessageError,
  readMessage,
} from '@app/contracts';
import { channelDuplex, type OpenRequest } from '@app/multiplex';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Duplex } from 'node:stream';
import type { LiveSession } from '../tunnel/session-registry.js';
import { CONTROL_ANSWERS, type ControlAnswers } from './control-answers.js';
import { RefusalLog } from './refusal-log.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** For the agent to take the answer and end its side. */
const LINGER_MS = 5_000;
/** Of one session at once: an agent asks one thing after the other. */
const MAX_OF_SESSION = 4;
/** Of all sessions at once. */
const MAX_UNDER_WAY = 1_024;

/** The broker's own service inside a tunnel: answers the agent that the session belongs to, and about nobody else. */
@Injectable()
export class ControlService {
  /** Requests under way by session id; no entry for a session that asks nothing. */
  private readonly underWay = new Map<string, number>();
  private total = 0;
  private readonly refusals: RefusalLog;

  constructor(
    @Inject(CONTROL_ANSWERS) private readonly answers: ControlAnswers,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.refusals = new RefusalLog(logger);
  }

  /** @param live undefined when the session is not, or no longer, in the registry */
  serve(live: LiveSession | undefined, request: OpenRequest): void {
    if (request.service !== CONTROL_SERVICE) return request.refuse('unknown-service');
    if (live === undefined || request.class !== 'control') return request.refuse('not-allowed');
    const mine = this.underWay.get(live.id) ?? 0;
    if (mine >= MAX_OF_SESSION || this.total >= MAX_UNDER_WAY) return request.refuse('over-capacity');
    this.underWay.set(live.id, mine + 1);
    this.total += 1;
    void this.exchange(live, channelDuplex(request.accept())).finally(() => this.done(live.id));
  }

  private done(id: string): void {
    const left = (this.underWay.get(id) ?? 1) - 1;
    if (left > 0) this.underWay.set(id, left);
    else this.underWay.delete(id);
    this.total -= 1;
  }

  private async exchange(live: LiveSession, stream: Duplex): Promise<void> {
    // A channel that is cut has nobody left to tell.
    stream.on('error', () => undefined);
    const response = await this.respond(live, stream);
    if (!response.ok) this.refusals.note(live, response.code);
    stream.end(encodeMessage(response));
    stream.resume();
    setTimeout(() => stream.destroy(), LINGER_MS).unref();
  }

  private async respond(live: LiveSession, stream: Duplex): Promise<ControlResponse> {
    try {
      const message = await readMessage(stream, REQUEST_TIMEOUT_MS);
      return { ok: true, answer: await this.answer(live, readRequest(message)) };
    } catch (error) {
      if (error instanceof DomainError) return refusalOf(error);
      if (error instanceof MessageError) return { ok: false, code: 'invalid-request', detail: error.code };
      this.logger.error({ err: error, agentId: live.agentId }, 'a request of an agent failed');
      return { ok: false, code: 'internal', detail: 'the request failed here' };
    }
  }

  private answer<K extends ControlKind>(live: LiveSession, request: ControlRequest<K>): Promise<ControlAnswer<K>> {
    const kind: K = request.kind as K;
    return this.answers[kind](live, request);
  }
}

/** Raises `not-implemented` for a kind of a later version, `invalid-request` for everything else that is wrong. */
const readRequest = (message: unknown): ControlRequest => {
  const parsed = controlRequest.safeParse(message);
  if (parsed.success) return parsed.data;
  const kind: unknown = typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
  if (typeof kind === 'string' && !Object.hasOwn(CONTROL, kind)) {
    throw new DomainError('not-implemented', 'this broker does not know that kind of request');
  }
  throw new DomainError('invalid-request', 'the request does not have the form of its kind');
};

const refusalOf = ({ code, detail, options: { retryAfterMs } }: DomainError): ControlResponse => ({
  ok: false,
  code,
  detail,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
