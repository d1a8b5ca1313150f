import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Asset, readAssets } from './page.assets.js';
import { type Failure, writeProblem } from './problem.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { targetOf, urlOf } from './web-request.js';

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

  constructor(@Inject(LOGGER) private readonly logger: AppLogger) {}

  async serve(request: IncomingMessage, response: ServerResponse, isSecure: boolean, _address: string): Promise<void> {
    response.on('error', () => undefined);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const url = urlOf(request);
    const instance = url?.pathname ?? '/';
    try {
      const failure = isSecure ? await this.answer(request, response, url) : INSECURE;
      if (failure) writeProblem(response, failure, instance);
    } catch (error) {
      this.logger.error({ err: error, path: instance }, 'a request failed');
      writeProblem(
        response,
        { status: 500, code: 'internal', detail: 'the request failed; the log says why' },
        instance,
      );
    }
  }

  /** @returns what is wrong with the request; undefined when it was answered */
  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL | undefined,
  ): Promise<Failure | undefined> {
    const [, first = '', name = ''] = url?.pathname.split('/') ?? [];
    const target = url && targetOf(url.pathname);
    const asset = first === 'assets' ? this.assets.get(name) : undefined;
    const page = target?.kind === 'play' && target.rest.length === 0 ? this.assets.get('play.html') : undefined;
    const file = asset ?? page;
    if (!file) return NOT_FOUND;
    if (request.method !== 'GET' && request.method !== 'HEAD') return METHOD;
    return send(response, file);
  }
}

const send = (response: ServerResponse, { type, body }: Asset): undefined => {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
};
