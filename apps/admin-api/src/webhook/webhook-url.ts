import { DomainError } from '@app/contracts';
import { type Cidr, isAllowedAddress, parseCidrs } from '@app/tunnel-dialer';
import { isIP } from 'node:net';

const MAX_LENGTH = 2_000;

export interface UrlRules {
  /** Ranges beyond the public internet. */
  allowed: readonly Cidr[];
  /** Plain HTTP, to loopback. */
  plainLoopback: boolean;
}

export const urlRules = (config: { ADIT_WEBHOOK_ALLOW_CIDRS: string[]; ADIT_DEMO: boolean }): UrlRules => ({
  allowed: parseCidrs(config.ADIT_WEBHOOK_ALLOW_CIDRS),
  plainLoopback: config.ADIT_DEMO,
});

/** The host as an address or name, without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

const LOOPBACK: readonly Cidr[] = parseCidrs(['127.0.0.0/8', '::1/128']);
export const isLoopback = (address: string): boolean =>
  isAllowedAddress(address, LOOPBACK) && !isAllowedAddress(address, []);

/**
 * What can be told of a URL without asking the DNS; each attempt judges the address itself.
 * @returns the URL as it is kept. @throws DomainError `invalid-request`, `address-not-allowed`
 */
export const checkUrl = (text: string, { allowed, plainLoopback }: UrlRules): string => {
  const url = parse(text);
  const host = hostOf(url);
  const local = host === 'localhost' || isLoopback(host);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && plainLoopback && local)) throw bad('https is needed');
  if (url.username !== '' || url.password !== '') throw bad('no user and password: the signature tells who sends');
  if (url.hash !== '') throw bad('no fragment: it would not be sent');
  if (isIP(host) !== 0 && !isAllowedAddress(host, allowed)) {
    throw new DomainError('address-not-allowed', `${host} is in a range that webhooks may not reach`, {
      fields: [{ pointer: '/url', detail: 'a public address, or one that the deployment allows' }],
    });
  }
  return url.href;
};

const parse = (text: string): URL => {
  if (text.length > MAX_LENGTH) throw bad(`at most ${MAX_LENGTH} characters`);
  const url = URL.parse(text);
  if (url === null || url.href.length > MAX_LENGTH || hostOf(url) === '') throw bad('an absolute https URL');
  return url;
};

const bad = (detail: string): DomainError =>
  new DomainError('invalid-request', `the URL cannot be used: ${detail}`, { fields: [{ pointer: '/url', detail }] });
