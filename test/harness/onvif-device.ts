import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { answers, type DeviceState } from './onvif-answers.js';
import { PictureServer } from './picture-server.js';
import { ReplayServer } from './replay-server.js';
import type { Recording } from './recording.js';

export interface OnvifDeviceOptions {
  user?: string;
  password?: string;
  /** Its clock minus ours: a device refuses credentials made more than five minutes off its own time. */
  skewMs?: number;
  /** Knows HTTP Digest only and ignores what stands in the envelope. */
  httpDigest?: boolean;
  /** Names its services on an address where nobody is, as devices behind NAT do. */
  wrongAddress?: boolean;
  /** Actions that it does not know. */
  unknown?: readonly string[];
}

const MAX_OFF_MS = 5 * 60_000;

/** A recorder that speaks ONVIF over HTTP: device, media, recording search and replay service, and its RTSP server. */
export class OnvifDevice implements AsyncDisposable {
  readonly replay: ReplayServer;
  /** Names of the actions that were asked for. */
  readonly actions: string[] = [];
  /** Its still pictures, at the same port. */
  readonly pictures: PictureServer;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #state: DeviceState;

  private constructor(
    recording: Recording,
    readonly options: OnvifDeviceOptions,
  ) {
    this.pictures = new PictureServer(options);
    this.replay = new ReplayServer(recording, { ...options, hidesRange: true });
    this.#state = { recording, searches: new Map(), url: '', replayUrl: '', skewMs: options.skewMs ?? 0 };
  }

  static async start(recording: Recording, options: OnvifDeviceOptions = {}): Promise<OnvifDevice> {
    const device = new OnvifDevice(recording, options);
    await device.replay.listen();
    device.#server.listen(0, '127.0.0.1');
    await once(device.#server, 'listening');
    const named = (url: string): string =>
      options.wrongAddress === true ? url.replace('127.0.0.1', '192.0.2.77') : url;
    device.#state.url = named(device.origin);
    device.#state.replayUrl = named(device.replay.url);
    return device;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/onvif`;
  }

  /** URL of its device service. */
  get service(): string {
    return `${this.origin}/device_service`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.replay.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return this.pictures.serve(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const action = /<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)/.exec(text)?.[1] ?? '';
    this.actions.push(action);
    if (action !== 'GetSystemDateAndTime') {
      if (this.options.httpDigest === true && !this.#hasHttpDigest(request)) {
        response
          .writeHead(401, { 'WWW-Authenticate': `Digest realm="onvif", nonce="n1", qop="auth", algorithm=MD5` })
          .end();
        return;
      }
      if (this.options.httpDigest !== true && !this.#hasToken(text))
        return reply(response, 400, fault('ter:NotAuthorized'));
    }
    const known = this.options.unknown?.includes(action) === true ? undefined : answers[action];
    if (known === undefined) return reply(response, 500, fault('ter:ActionNotSupported'));
    reply(response, 200, `<${action}Response>${known(text, this.#state)}</${action}Response>`);
  }

  /** UsernameToken profile 1.0. */
  #hasToken(text: string): boolean {
    const { user, password } = this.options;
    if (user === undefined) return true;
    const field = (name: string): string =>
      new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(text)?.[1] ?? '';
    const created = field('Created');
    const offMs = Math.abs(Date.parse(created) - (Date.now() + this.#state.skewMs));
    const hash = createHash('sha1')
      .update(Buffer.from(field('Nonce'), 'base64'))
      .update(created);
    const digest = hash.update(password ?? '').digest('base64');
    return field('Username') === user && field('Password') === digest && offMs < MAX_OFF_MS;
  }

  #hasHttpDigest({ method, url, headers }: IncomingMessage): boolean {
    const { user, password } = this.options;
    const field = (name: string): string =>
      new RegExp(`\\b${name}="?([^",]*)`).exec(headers.authorization ?? '')?.[1] ?? '';
    const hash = (one: string): string => createHash('md5').update(one).digest('hex');
    const [a, b] = [hash(`${user}:onvif:${password}`), hash(`${method}:${url}`)];
    return field('response') === hash(`${a}:n1:${field('nc')}:${field('cnonce')}:auth:${b}`);
  }
}

const reply = (response: ServerResponse, status: number, body: string): void => {
  const space = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"';
  response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8' });
  response.end(`<?xml version="1.0"?><s:Envelope ${space}><s:Body>${body}</s:Body></s:Envelope>`);
};

const fault = (code: string): string =>
  `<s:Fault xmlns:ter="http://www.onvif.org/ver10/error"><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">refused</s:Text></s:Reason></s:Fault>`;
