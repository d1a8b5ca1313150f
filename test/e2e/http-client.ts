import { connect } from 'node:net';

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

/** Asks the REST API as any client does; refusals are answers here, not errors. */
export class HttpClient {
  constructor(
    private readonly api: string,
    private readonly token?: string,
  ) {}

  async ask<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const response = await fetch(`${this.api}${path}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
    });
    const answer = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(answer) : { text: answer }) as Body,
    };
  }

  /** For what is no JSON. */
  fetch(path: string): Promise<Response> {
    return fetch(`${this.api}${path}`, {
      headers: { authorization: `Bearer ${this.token}` },
      signal: AbortSignal.timeout(15_000),
    });
  }

  async signIn(username: string, password: string): Promise<HttpClient> {
    const { body } = await this.ask<{ token: string }>('POST', '/api/v1/sessions', { username, password });
    return new HttpClient(this.api, body.token);
  }
}

/** Sends bytes as they are and reads to the end: for requests that no client library would make. */
export const sendRaw = (api: string, bytes: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let answer = '';
    socket.setEncoding('utf8').setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (text: string) => (answer += text));
    socket.once('error', reject).once('close', () => resolve(answer));
    socket.write(bytes);
  });
