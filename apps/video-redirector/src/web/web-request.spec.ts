import type { IncomingMessage } from 'node:http';
import { addressOf, targetOf, ticketOf } from './web-request.js';

const request = (headers: Record<string, string>, remoteAddress = '::ffff:10.0.0.1'): IncomingMessage =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;

describe('a request of a browser', () => {
  it('names kind, site and camera, decoded', () => {
    expect(targetOf('/hls/demo/Car%20park/x/y')).toEqual({
      kind: 'hls',
      site: 'demo',
      camera: 'Car park',
      rest: ['x', 'y'],
    });
    expect(targetOf('/play/demo')).toBeUndefined();
    expect(targetOf('/play/demo/%zz')).toBeUndefined();
  });

  it('has the socket’s address, unless a declared proxy tells another: then the last one, which the proxy has written', () => {
    const forwarded = request({ 'x-forwarded-for': '6.6.6.6, 192.0.2.7' });
    expect(addressOf(forwarded, false)).toBe('10.0.0.1');
    expect(addressOf(forwarded, true)).toBe('192.0.2.7');
    expect(addressOf(request({}), true)).toBe('10.0.0.1');
  });

  it('brings its ticket in a header, or in the query', () => {
    const url = new URL('http://x/?ticket=q');
    expect(ticketOf(request({ authorization: 'Bearer h' }), url)).toBe('h');
    expect(ticketOf(request({}), url)).toBe('q');
    expect(ticketOf(request({}), new URL('http://x/'))).toBeUndefined();
  });
});
