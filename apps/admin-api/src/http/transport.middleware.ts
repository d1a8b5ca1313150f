import { DomainError } from '@app/contracts';
import { isSecureTransport, type TransportRule as SocketRule } from '@app/runtime';
import { type Cidr, isWithin } from '@app/tunnel-dialer';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export interface TransportRule extends SocketRule {
  /** Where the declared proxy connects from: nobody else is believed what he forwards. */
  proxies: readonly Cidr[];
}

/** Passwords and bearer tokens do not travel in the clear: such a request is refused before its token is looked at. */
export const secureTransport =
  (rule: TransportRule): RequestHandler =>
  (request: Request, _response: Response, next: NextFunction) => {
    const isProxy = isWithin(request.socket.remoteAddress ?? '', rule.proxies);
    const forwarded = isProxy ? request.header('x-forwarded-proto') : undefined;
    if (isSecureTransport(rule, request.socket.localAddress, forwarded)) return next();
    next(
      new DomainError(
        'insecure-transport',
        rule.tlsProxy
          ? 'the request did not come through the TLS proxy by https'
          : 'this address is not loopback and has no TLS: put a TLS proxy before it and set ADIT_TLS_PROXY=true',
      ),
    );
  };
