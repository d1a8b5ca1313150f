import { DomainError } from '@app/contracts';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { codeOf } from '../streams/refusal.js';
import { ExportRoute } from '../export/export.route.js';
import { HlsRoute } from './hls.route.js';
import { type Asset, readAssets } from './page.assets.js';
import { type Failure, writeProblem } from './problem.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { WhepRoute } from './whep.route.js';
import { type StreamTarget, targetOf, urlOf } from './web-request.js';

const INSECURE: Failure = {
  status: 403,
  code: 'insecure-transport',
  detail: 'this address is not loopback and has no TLS: put a TLS proxy before it and set ADIT_TLS_PROXY=true',
};
const NOT_FOUND: Failure = { status: 404, code: 'not-found', detail: 'there is nothing at this address' };
const METHOD: Failure = { status: 405, code: 'method-not-allowed', detail: 'this address does not take the method' };

/** From a request's method and path to what answers it. Queries hold tickets: they are neither logged nor answered. */
@Injectable()
export class WebRouter {
  private readonly assets = readAssets();

  constructor(
    private readonly hls: HlsRoute,
    private readonly whep: WhepRoute,
    private readonly exports: ExportRoute,
    private readonly metrics: RedirectorMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async serve(request: IncomingMessage, response: ServerResponse, isSecure: boolean, address: string): Promise<void> {
    response.on('error', () => undefined);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const url = urlOf(request);
    const instance = url?.pathname ?? '/';
    const failure = await this.answer(request, response, isSecure, url, address).catch((error: unknown) =>
      this.failureOf(error, instance),
    );
    if (!failure) return;
    this.metrics.refusedPlayer(failure.status, failure.code);
    writeProblem(response, failure, instance);
  }

  /** @returns what is wrong with the request; undefined when it was answered */
  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    isSecure: boolean,
    url: URL | undefined,
    address: string,
  ): Promise<Failure | undefined> {
    if (!isSecure) return INSECURE;
    const target = url && targetOf(url.pathname);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (url && target?.kind === 'hls') {
      return isRead ? this.hls.serve(request, response, url, target, address) : METHOD;
    }
    if (url && target?.kind === 'whep') return this.whep.serve(request, response, url, target, address);
    if (url && target?.kind === 'export') {
      return request.method === 'GET' ? this.exports.serve(request, response, url, target, address) : METHOD;
    }
    const file = this.fileOf(url, target);
    if (!file) return NOT_FOUND;
    return isRead ? send(response, file) : METHOD;
  }

  private fileOf(url: URL | undefined, target: StreamTarget | undefined): Asset | undefined {
    const [, first = '', name = '', ...more] = url?.pathname.split('/') ?? [];
    if (first === 'assets' && more.length === 0) return this.assets.get(name);
    return target?.kind === 'play' && target.rest.length === 0 ? this.assets.get('play.html') : undefined;
  }

  private failureOf(error: unknown, path: string): Failure {
    const code = codeOf(error);
    const detail = error instanceof DomainError ? error.detail : 'the stream cannot be had now';
    if (code !== 'internal') return { status: 503, code, detail };
    this.logger.error({ err: error, path }, 'a request failed');
    return { status: 500, code, detail: 'the request failed; the log says why' };
  }
}

const send = (response: ServerResponse, { type, body }: Asset): undefined => {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
};
