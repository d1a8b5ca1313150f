import { parseCidrs } from '@app/tunnel-dialer';
import type { Request, Response } from 'express';
import type { TransportRule } from '@app/runtime';
import { secureTransport } from './transport.middleware.js';

const PROXY = '192.0.2.80';

const verdict = (
  rule: Partial<TransportRule>,
  localAddress: string,
  proto: string | undefined,
  remoteAddress: string,
): string => {
  const request = { header: () => proto, socket: { localAddress, remoteAddress } };
  let outcome = 'passed';
  const next = (error?: unknown): void => {
    if (error) outcome = (error as { code: string }).code;
  };
  const full = { tlsProxy: false, proxies: parseCidrs([`${PROXY}/32`]), loopbackPublished: false, ...rule };
  void secureTransport(full)(request as unknown as Request, {} as Response, next);
  return outcome;
};

describe('secure transport', () => {
  it.each([
    ['loopback', {}, '127.0.0.1', undefined, 'passed'],
    ['IPv6 loopback', {}, '::1', undefined, 'passed'],
    ['loopback in IPv6 notation', {}, '::ffff:127.0.0.1', undefined, 'passed'],
    ['another address', {}, '192.0.2.1', undefined, 'insecure-transport'],
    ['another address that claims https without a declared proxy', {}, '192.0.2.1', 'https', 'insecure-transport'],
    ['a declared proxy by https', { tlsProxy: true }, '192.0.2.1', 'https', 'passed'],
    ['a declared proxy by http', { tlsProxy: true }, '192.0.2.1', 'http', 'insecure-transport'],
    ['a declared proxy by http on loopback', { tlsProxy: true }, '127.0.0.1', 'http', 'insecure-transport'],
    ['past the declared proxy', { tlsProxy: true }, '192.0.2.1', undefined, 'insecure-transport'],
    ['past the declared proxy on the machine itself', { tlsProxy: true }, '127.0.0.1', undefined, 'passed'],
    ['a port published on loopback', { loopbackPublished: true }, '172.18.0.5', undefined, 'passed'],
  ] as const)('over %s', (_name, rule, address, proto, expected) => {
    expect(verdict(rule, address, proto, PROXY)).toBe(expected);
  });

  it('believes no forwarded https of anybody but the proxy', () => {
    expect(verdict({ tlsProxy: true }, '192.0.2.1', 'https', '192.0.2.81')).toBe('insecure-transport');
    expect(verdict({ tlsProxy: true }, '192.0.2.1', 'https', `::ffff:${PROXY}`)).toBe('passed');
  });
});
