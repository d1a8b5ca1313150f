import { DomainError } from '@app/contracts';
import { readConnect } from './connect-request.js';

const DOMAIN = 'adit.internal';
const TARGET = 'Redirector.Hamburg.tunnel.adit.internal:443';

const codeOf = (authority: string, authorization: string | undefined): string => {
  try {
    readConnect(authority, authorization, DOMAIN);
    return 'read';
  } catch (error) {
    return error instanceof DomainError ? error.code : String(error);
  }
};

describe('a CONNECT request', () => {
  it.each([
    ['Bearer', 'Bearer abc.def'],
    ['Bearer in any case', 'bearer  abc.def'],
    ['Basic', `Basic ${Buffer.from('ticket:abc.def').toString('base64')}`],
  ])('shows its ticket as %s', (_case, authorization) => {
    expect(readConnect(TARGET, authorization, DOMAIN)).toEqual({
      target: { service: 'redirector', site: 'hamburg' },
      ticket: 'abc.def',
    });
  });

  it.each([
    [undefined, 'unauthenticated'],
    ['Bearer', 'ticket-invalid'],
    ['Digest abc', 'ticket-invalid'],
    [`Basic ${Buffer.from('other:abc').toString('base64')}`, 'ticket-invalid'],
  ])('with %p is refused as %s', (authorization, code) => {
    expect(codeOf(TARGET, authorization)).toBe(code);
  });

  it.each(['127.0.0.1:554', 'hamburg.tunnel.adit.internal:1', 'a.b.c.tunnel.adit.internal:1', 'example.com:443', ''])(
    'reaches nothing else: %p',
    (authority) => {
      expect(codeOf(authority, 'Bearer abc')).toBe('address-not-allowed');
    },
  );
});
