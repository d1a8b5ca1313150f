import { DomainError } from '@app/contracts';
import { OPEN_CODES, OpenRefusedError } from '@app/multiplex';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { refusalOf, refuse } from './answer.js';

describe('an answer of the ingress', () => {
  it.each([
    [new DomainError('unauthenticated', ''), 407, 'unauthenticated'],
    [new DomainError('ticket-used', ''), 407, 'ticket-used'],
    [new DomainError('dial-refused', ''), 403, 'dial-refused'],
    [new DomainError('not-found', ''), 404, 'not-found'],
    [new DomainError('site-offline', ''), 503, 'site-offline'],
    [new OpenRefusedError('unknown-service'), 403, 'unknown-service'],
    [new OpenRefusedError('not-allowed'), 403, 'dial-refused'],
    [new OpenRefusedError('dial-failed'), 502, 'dial-failed'],
    [new OpenRefusedError('session-lost'), 503, 'site-offline'],
    [new OpenRefusedError('constructor'), 502, 'dial-failed'],
    [new Error('bug'), 500, 'internal'],
  ])('to %s is %i %s', (error, status, code) => {
    expect(refusalOf(error)).toMatchObject({ status, code });
  });

  it('knows every code by which an agent may refuse', () => {
    const unknown = OPEN_CODES.filter((code) => refusalOf(new OpenRefusedError(code)).status === 500);
    expect(unknown).toEqual([]);
  });

  it('ends the connection of a client that never closes it', async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
    const [socket] = await accepted;
    client.resume();
    refuse(socket, { status: 407, code: 'unauthenticated', detail: '' }, 20);
    await once(socket, 'close');
    expect(client.writable).toBe(true);
    client.destroy();
    server.close();
  });
});
