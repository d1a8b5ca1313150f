import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { ApiClient } from './client.js';

const thing = z.looseObject({ id: z.string() });

/** Answers each request with the next of what it is given; the last one again and again. */
class Answering {
  readonly seen: { method: string; url: string; key: string | undefined; token: string | undefined }[] = [];
  readonly server: Server;

  constructor(private readonly answers: ((response: ServerResponse, request: IncomingMessage) => void)[]) {
    this.server = createServer((request, response) => {
      const { method = '', url = '', headers } = request;
      const key = headers['idempotency-key'];
      this.seen.push({ method, url, key: typeof key === 'string' ? key : undefined, token: headers.authorization });
      const answer = this.answers[Math.min(this.seen.length, this.answers.length) - 1];
      request.resume().once('end', () => answer?.(response, request));
    }).listen(0, '127.0.0.1');
  }

  async client(timeoutMs = 2_000): Promise<ApiClient> {
    if (!this.server.listening) await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return new ApiClient({ url: `http://127.0.0.1:${port}`, token: 'adit_test', timeoutMs });
  }
}

const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  };
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json({ code, detail: 'no', correlationId: 'r-1' }, status, headers);
const cut = (response: ServerResponse): void => void response.destroy();

describe('the client of the REST API', () => {
  let answering: Answering | undefined;
  const answeringWith = (...answers: ((response: ServerResponse, request: IncomingMessage) => void)[]): Answering =>
    (answering = new Answering(answers));

  afterEach(() => {
    answering?.server.closeAllConnections();
    answering?.server.close();
  });

  it('creates once whatever is lost: every repetition carries the key of the first', async () => {
    const server = answeringWith(cut, problem(503, 'unavailable', { 'retry-after': '0' }), json({ id: 'a' }, 201));
    expect(await (await server.client()).post(thing, '/things', { name: 'x' })).toEqual({ id: 'a' });
    const keys = server.seen.map(({ key }) => key);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    await (await server.client()).post(thing, '/things', { name: 'x' });
    expect(server.seen[3]?.key).not.toBe(keys[0]);
  });

  it('changes and deletes no second time what may have been done', async () => {
    const server = answeringWith(cut);
    const client = await server.client();
    await expect(client.delete('/things/a')).rejects.toMatchObject({ code: 'server-unreachable' });
    await expect(client.put('/things/a', {})).rejects.toMatchObject({ code: 'server-unreachable' });
    expect(server.seen).toHaveLength(2);
  });

  it('waits as long as it is told', async () => {
    const server = answeringWith(problem(429, 'rate-limited', { 'retry-after': '1' }), json({ id: 'a' }));
    const client = await server.client();
    const startedAt = performance.now();
    await client.get(thing, '/things/a');
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  it('leaves a wait that is too long to the caller', async () => {
    const server = answeringWith(problem(429, 'rate-limited', { 'retry-after': '900' }));
    const refusal = (await server.client()).get(thing, '/things/a');
    await expect(refusal).rejects.toMatchObject({ status: 429, retryAfterMs: 900_000, requestId: 'r-1' });
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    [400, 'invalid-request'],
    [403, 'forbidden'],
    [409, 'conflict'],
    [500, 'internal'],
  ])('takes %d for an answer', async (status, code) => {
    const server = answeringWith(problem(status, code));
    await expect((await server.client()).get(thing, '/things')).rejects.toMatchObject({ status, code });
    expect(server.seen).toHaveLength(1);
  });

  it('follows no answer elsewhere with the token', async () => {
    const server = answeringWith((response) => void response.writeHead(302, { location: '/elsewhere' }).end());
    await expect((await server.client()).get(thing, '/things')).rejects.toMatchObject({ code: 'server-not-adit' });
    expect(server.seen.map(({ url }) => url)).toEqual(['/api/v1/things']);
  });

  it.each([
    ['a page', (response: ServerResponse) => void response.writeHead(200).end('<html></html>')],
    ['another shape', json({ name: 'x' })],
    ['half an answer', (response: ServerResponse) => void response.writeHead(200).end('{"id":')],
  ])('does not take %s for one of Adit', async (_what, answer) => {
    const client = await answeringWith(answer).client();
    await expect(client.get(thing, '/things')).rejects.toMatchObject({ code: 'server-not-adit' });
  });

  it('gives up on a server that says nothing', async () => {
    const client = await answeringWith(() => undefined).client(200);
    await expect(client.get(thing, '/things')).rejects.toMatchObject({ code: 'server-too-slow', exitCode: 69 });
  });

  it('reads a list page by page, and no further than it is asked to', async () => {
    const server = answeringWith(
      json({ items: [{ id: 'a' }], nextCursor: 'c+/=' }),
      json({ items: [{ id: 'b' }], nextCursor: 'd' }),
    );
    const client = await server.client();
    expect(await client.all(thing, '/things', { siteId: undefined }, 2)).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(server.seen.map(({ url }) => url)).toEqual([
      '/api/v1/things?limit=2',
      '/api/v1/things?limit=1&cursor=c%2B%2F%3D',
    ]);
  });

  it('changes only what it has read: the tag goes with the change', async () => {
    let ifMatch: string | undefined;
    const server = answeringWith(json({ id: 'a' }, 200, { etag: '"7"' }), (response, request) => {
      ifMatch = request.headers['if-match'];
      json({ id: 'a' })(response);
    });
    await (await server.client()).patch(thing, '/things/a', { name: 'y' });
    expect(ifMatch).toBe('"7"');
  });
});
