import { DomainError } from '@app/contracts';
import { type Cidr, isWithin } from '@app/tunnel-dialer';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export interface TransportRule {
  /** A proxy that ends TLS is declared; then what it forwarded must have come to it by https. */
  tlsProxy: boolean;
  /** Where it connects from. */
  proxies: readonly Cidr[];
  /** The listener's port is published on its machine's loopback alone. */
  loopbackPublished: boolean;
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** Passwords and bearer tokens do not travel in the clear: such a request is refused before its token is looked at. */
export const secureTransport =
  (rule: TransportRule): RequestHandler =>
  (request: Request, _response: Response, next: NextFunction) => {
    if (isSecure(request, rule)) return next();
    next(
      new DomainError(
        'insecure-transport',
        rule.tlsProxy
          ? 'the request did not come by https through a TLS proxy that ADIT_TLS_PROXY_FROM names'
          : 'this address is not loopback and has no TLS: put a TLS proxy before it and set ADIT_TLS_PROXY=true',
      ),
    );
  };

const isSecure = (request: Request, rule: TransportRule): boolean => {
  const forwarded = request.header('x-forwarded-proto');
  const byProxy = rule.tlsProxy && isWithin(request.socket.remoteAddress ?? '', rule.proxies);
  if (byProxy && forwarded !== undefined) return forwarded === 'https';
  // The socket's own end: a client cannot choose it.
  return rule.loopbackPublished || LOOPBACK.test(request.socket.localAddress ?? '');
};
