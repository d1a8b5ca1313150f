import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  brokerProfile,
  certificatePem,
  generateKey,
  issueCertificate,
  openCaTree,
  privateKeyPem,
  spkiOf,
} from '@app/pki';
import { Webhook } from 'standardwebhooks';

export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  /** Parsed. */
  event: { type: string; timestamp: string; data: Record<string, unknown> };
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const TAKEN: Answer = (response) => response.writeHead(204).end();

/** A customer's endpoint: takes what it is sent and answers as it is told to. */
export class WebhookReceiver implements AsyncDisposable {
  readonly received: Received[] = [];
  answer: Answer = TAKEN;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    /** PEM; empty without TLS. */
    readonly ca: string,
    private readonly directory?: string,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.take(request, response));
  }

  static async plain(): Promise<WebhookReceiver> {
    const server = createPlain();
    return new WebhookReceiver(server, `http://127.0.0.1:${await listening(server)}/hook`, '');
  }

  /** Its certificate is for 127.0.0.1 and hook.test, by an authority that nobody else knows. */
  static async tls(): Promise<WebhookReceiver> {
    const directory = await mkdtemp(join(tmpdir(), 'adit-receiver-'));
    const tree = await openCaTree(directory, 'receiver', new Date());
    const key = generateKey();
    const profile = brokerProfile('receiver', ['hook.test', '127.0.0.1']);
    const leaf = await issueCertificate({ profile, spki: spkiOf(key), now: new Date() }, tree.serverCa);
    const cert = certificatePem(leaf.raw) + certificatePem(tree.serverCa.certificate.raw);
    const server = createTls({ key: privateKeyPem(key), cert });
    const ca = certificatePem(tree.root.certificate.raw);
    return new WebhookReceiver(server, `https://127.0.0.1:${await listening(server)}/hook`, ca, directory);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  of(type: string): Received[] {
    return this.received.filter(({ event }) => event.type === type);
  }

  /** Whether all that came is signed with this secret. */
  verifies(secret: string): boolean {
    const webhook = new Webhook(secret);
    for (const { body, headers } of this.received) webhook.verify(body, headers);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    if (this.directory !== undefined) await rm(this.directory, { recursive: true });
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const event = JSON.parse(body) as Received['event'];
      this.received.push({ path: request.url ?? '', headers: request.headers as Record<string, string>, body, event });
      this.answer(response, request);
    });
  }
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
