import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DemoCamera } from '../../apps/demo-camera/src/camera.js';
import { answers, DeviceFault, field, MEDIA2, type DeviceState } from './onvif-answers.js';
import { EventQueue } from './onvif-event-answers.js';
import { idleJobs, type SimulatedJob } from './onvif-recording-answers.js';
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
  /** Actions that it does not know; those of Media 2 have `media2:` before their names. */
  unknown?: readonly string[];
  /** Where it listens; loopback without it. */
  host?: string;
  /** A fixed port. */
  port?: number;
  /** Video sources; one without it. */
  channels?: number;
  /** Its first camera can be turned. */
  ptz?: boolean;
  /** Digital inputs and relay outputs. */
  inputs?: number;
  outputs?: number;
  /** It has Media 2 as well, whose large picture is said to be H.265. */
  media2?: boolean;
  /** Last parts of the addresses of services that it does not have, such as `recording`. */
  lacks?: readonly string[];
}

/** How an action goes wrong: no answer at all, a hang-up, text that is no XML, an answer without end, a SOAP fault. */
export type DeviceFailure = 'silent' | 'hang-up' | 'garbage' | 'endless' | 'fault';

const MAX_OFF_MS = 5 * 60_000;
/** Those that devices answer before anybody has signed in. */
const ANONYMOUS: ReadonlySet<string> = new Set([
  'GetSystemDateAndTime',
  'GetCapabilities',
  'GetServices',
  'GetHostname',
]);
const clip = (name: string): string => join(__dirname, '../../apps/demo-camera/clips', name);

/** A camera and recorder that speaks ONVIF over HTTP (device, media, PTZ, IO, event, recording, search and replay service), with its RTSP servers. */
export class OnvifDevice implements AsyncDisposable {
  readonly replay: ReplayServer;
  /** Names of the actions that were asked for. */
  readonly actions: string[] = [];
  /** Its still pictures, at the same port. */
  readonly pictures: PictureServer;
  /** Actions that go wrong now; `*` is all of them. */
  readonly failures = new Map<string, DeviceFailure>();
  /** Before each answer. */
  delayMs = 0;
  readonly #live = new DemoCamera({ '/high': clip('high.h264'), '/low': clip('low.h264') });
  #server = createServer((request, response) => void this.#serve(request, response));
  #port: number;
  readonly #host: string;
  readonly #state: DeviceState;

  private constructor(
    recording: Recording,
    readonly options: OnvifDeviceOptions,
  ) {
    const { channels = 1, ptz = false, inputs = 0, outputs = 0, skewMs = 0, host = '127.0.0.1', port = 0 } = options;
    [this.#host, this.#port] = [host, port];
    this.pictures = new PictureServer(options);
    this.replay = new ReplayServer(recording, { ...options, hidesRange: true });
    const io = { channels, ptz, inputs, relays: Array.from({ length: outputs }, () => false) };
    const presets = [
      { token: '1', name: 'Gate' },
      { token: 'preset-b', name: 'Yard' },
    ];
    const urls = { url: '', replayUrl: '', liveUrls: [] };
    const events = new EventQueue(() => Date.now() + this.#state.skewMs);
    const lacks = [...(options.lacks ?? []), ...(ptz ? [] : ['ptz']), ...(options.media2 === true ? [] : ['media2'])];
    const rest = { presets, commands: [], events, jobs: idleJobs(channels), lacks };
    this.#state = { recording, searches: new Map(), ...urls, skewMs, ...io, ...rest };
  }

  static async start(recording: Recording, options: OnvifDeviceOptions = {}): Promise<OnvifDevice> {
    const device = new OnvifDevice(recording, options);
    await device.replay.listen();
    const live = await device.#live.listen(0, device.#host);
    await device.back();
    const named = (url: string): string =>
      options.wrongAddress === true ? url.replace('127.0.0.1', '192.0.2.77') : url;
    device.#state.url = named(device.origin);
    device.#state.replayUrl = named(device.replay.url);
    device.#state.liveUrls = live.map(named);
    return device;
  }

  get origin(): string {
    return `http://${this.#host}:${this.#port}/onvif`;
  }

  /** URL of its device service. */
  get service(): string {
    return `${this.origin}/device_service`;
  }

  get port(): number {
    return this.#port;
  }

  get events(): EventQueue {
    return this.#state.events;
  }

  /** Its recording jobs, to be changed by a test. */
  get jobs(): SimulatedJob[] {
    return this.#state.jobs;
  }

  /** What was asked of its PTZ, relay and recording services, in short. */
  get commands(): readonly string[] {
    return this.#state.commands;
  }

  setClock(skewMs: number): void {
    this.#state.skewMs = skewMs;
  }

  /** Goes off the network, and forgets what it had in memory. */
  async away(): Promise<void> {
    this.events.drop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Comes back at the same port. */
  async back(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.replay.close();
    await this.#live.close();
    if (this.#server.listening) await this.away();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return this.pictures.serve(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const action = /<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)/.exec(text)?.[1] ?? '';
    // Media 2 has actions of the same names.
    const name = namespaceOf(text) === MEDIA2 ? `media2:${action}` : action;
    this.actions.push(name);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const failure = this.failures.get(name) ?? this.failures.get('*');
    if (failure !== undefined) return fail(response, failure);
    const refusal = ANONYMOUS.has(action) ? undefined : this.#refusalOf(request, text);
    if (refusal !== undefined) return refusal(response);
    const known = this.options.unknown?.includes(name) === true ? undefined : answers[name];
    if (known === undefined) return reply(response, 500, fault('ter:ActionNotSupported'));
    try {
      reply(
        response,
        200,
        `<${action}Response xmlns="${namespaceOf(text)}">${await known(text, this.#state)}</${action}Response>`,
      );
    } catch (error) {
      if (!(error instanceof DeviceFault)) throw error;
      reply(response, 400, fault(error.subcode));
    }
  }

  #refusalOf(request: IncomingMessage, text: string): ((response: ServerResponse) => void) | undefined {
    if (this.options.httpDigest !== true) {
      return this.#hasToken(text) ? undefined : (response) => reply(response, 400, fault('ter:NotAuthorized'));
    }
    const challenge = 'Digest realm="onvif", nonce="n1", qop="auth", algorithm=MD5';
    if (this.#hasHttpDigest(request)) return undefined;
    return (response) => response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
  }

  /** UsernameToken profile 1.0. */
  #hasToken(text: string): boolean {
    const { user, password } = this.options;
    if (user === undefined) return true;
    const created = field(text, 'Created') ?? '';
    const offMs = Math.abs(Date.parse(created) - (Date.now() + this.#state.skewMs));
    const hash = createHash('sha1')
      .update(Buffer.from(field(text, 'Nonce') ?? '', 'base64'))
      .update(created);
    const digest = hash.update(password ?? '').digest('base64');
    return field(text, 'Username') === user && field(text, 'Password') === digest && offMs < MAX_OFF_MS;
  }

  #hasHttpDigest({ method, url, headers }: IncomingMessage): boolean {
    const { user, password } = this.options;
    const value = (name: string): string =>
      new RegExp(`\\b${name}="?([^",]*)`).exec(headers.authorization ?? '')?.[1] ?? '';
    const hash = (one: string): string => createHash('md5').update(one).digest('hex');
    const [a, b] = [hash(`${user}:onvif:${password}`), hash(`${method}:${url}`)];
    return value('response') === hash(`${a}:n1:${value('nc')}:${value('cnonce')}:auth:${b}`);
  }
}

/** Of the element that was asked with, whatever prefix it has. */
const namespaceOf = (text: string): string => {
  const [, prefix, attributes = ''] = /<(?:[\w-]+:)?Body[^>]*>\s*<(?:([\w-]+):)?\w+([^>]*)/.exec(text) ?? [];
  const name = prefix === undefined ? 'xmlns' : `xmlns:${prefix}`;
  const find = (where: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(where)?.[1];
  return find(attributes) ?? (prefix === undefined ? undefined : find(text)) ?? '';
};

const NAMESPACES = [
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope"',
  'xmlns:tt="http://www.onvif.org/ver10/schema"',
  'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"',
  'xmlns:tns1="http://www.onvif.org/ver10/topics"',
  'xmlns:dev="http://adit.example/device"',
].join(' ');

const reply = (response: ServerResponse, status: number, body: string): void => {
  const text = `<?xml version="1.0"?><s:Envelope ${NAMESPACES}><s:Body>${body}</s:Body></s:Envelope>`;
  const type = 'application/soap+xml; charset=utf-8';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }).end(text);
};

const fault = (code: string): string =>
  `<s:Fault xmlns:ter="http://www.onvif.org/ver10/error"><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">refused</s:Text></s:Reason></s:Fault>`;

const fail = (response: ServerResponse, failure: DeviceFailure): void => {
  switch (failure) {
    case 'silent':
      return;
    case 'hang-up':
      return void response.destroy();
    case 'garbage':
      return void response.writeHead(200).end('<<<\u0000 not at all');
    case 'fault':
      return reply(response, 500, fault('ter:Action'));
    case 'endless': {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16, 0x20)));
        if (!response.destroyed) response.once('drain', more);
      };
      response.writeHead(200);
      return more();
    }
  }
};
