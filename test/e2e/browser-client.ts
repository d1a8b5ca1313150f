import type { Answer } from './http-client.js';

/** Keeps cookies as a browser does and sends its page's Origin with every change. */
export class BrowserClient {
  readonly cookies = new Map<string, string>();
  /** The attributes of each cookie as it was last set. */
  readonly attributes = new Map<string, string>();
  csrfToken: string | undefined;

  constructor(
    readonly api: string,
    readonly headers: Record<string, string> = {},
  ) {}

  async ask<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const isJson = body !== undefined;
    return this.send(method, path, isJson ? JSON.stringify(body) : undefined, {
      ...(method === 'GET' || this.csrfToken === undefined ? {} : { 'x-csrf-token': this.csrfToken }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    });
  }

  /** @param path or a whole address */
  async send<Body>(
    method: string,
    path: string,
    text: string | undefined,
    headers: Record<string, string>,
  ): Promise<Answer<Body>> {
    const response = await fetch(new URL(path, this.api), {
      method,
      headers: {
        ...this.headers,
        ...(this.cookies.size === 0 ? {} : { cookie: [...this.cookies].map((pair) => pair.join('=')).join('; ') }),
        ...(method === 'GET' ? {} : { origin: this.api }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
    });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    const answer = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const value: unknown = isJson ? JSON.parse(answer) : { text: answer };
    return { status: response.status, headers: response.headers, body: value as Body };
  }

  async signIn(username: string, password: string): Promise<Answer<{ csrfToken: string; token?: string }>> {
    const order = { username, password, cookie: true };
    const answer = await this.ask<{ csrfToken: string; token?: string }>('POST', '/api/v1/sessions', order);
    this.csrfToken = answer.body.csrfToken;
    return answer;
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const [name = '', value = ''] = pair.split('=');
    this.attributes.set(name, attributes.join('; '));
    const expires = attributes.find((attribute) => attribute.startsWith('Expires='))?.slice(8);
    if (value === '' || (expires !== undefined && new Date(expires) <= new Date())) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
