import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import {
  type Budget,
  type Channel,
  type OpenRequest,
  type SendBudget,
  Session,
  type SessionConfig,
  type SessionOptions,
  type UplinkCap,
} from '../src/index.js';

export const HELLO = { instanceId: 'i-1', agentVersion: '0.1.0', platform: 'linux-x64', wallClockMs: 1_000 } as const;

/** Two ends of one loopback TCP connection. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const accepted = once(server, 'connection');
  await once(near, 'connect');
  const [far] = (await accepted) as [Socket];
  server.close();
  return [near, far];
}

export interface SessionPair {
  readonly agent: Session;
  readonly broker: Session;
  /** OPENs that arrived at the agent and were not handled by `onOpen`. */
  readonly requests: OpenRequest[];
  nextRequest(): Promise<OpenRequest>;
  close(): void;
}

export interface PairOptions {
  readonly transports?: [Duplex, Duplex];
  readonly config?: Partial<SessionConfig>;
  readonly agentConfig?: Partial<SessionConfig>;
  readonly agentBudget?: Budget;
  readonly brokerSendBudget?: SendBudget;
  readonly uplinkCap?: UplinkCap;
  readonly admit?: SessionOptions['admit'];
  readonly onOpen?: SessionOptions['onOpen'];
  readonly brokerOnOpen?: SessionOptions['onOpen'];
}

/** Both ends built but not started. */
export function createPair(options: PairOptions = {}): SessionPair {
  const [near, far] = options.transports ?? duplexPair();
  const requests: OpenRequest[] = [];
  const waiting: ((request: OpenRequest) => void)[] = [];
  const keep = (request: OpenRequest): void => {
    const next = waiting.shift();
    if (next === undefined) requests.push(request);
    else next(request);
  };
  const agent = new Session({
    role: 'agent',
    transport: near,
    hello: HELLO,
    onOpen: options.onOpen ?? keep,
    config: { ...options.config, ...options.agentConfig },
    ...(options.agentBudget === undefined ? {} : { budget: options.agentBudget }),
    ...(options.uplinkCap === undefined ? {} : { uplinkCap: options.uplinkCap }),
  });
  const broker = new Session({
    role: 'broker',
    transport: far,
    admit: options.admit ?? (() => Promise.resolve({ sessionId: 's-1' })),
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(options.brokerSendBudget === undefined ? {} : { sendBudget: options.brokerSendBudget }),
    ...(options.brokerOnOpen === undefined ? {} : { onOpen: options.brokerOnOpen }),
  });
  return {
    agent,
    broker,
    requests,
    nextRequest: () => {
      const ready = requests.shift();
      if (ready !== undefined) return Promise.resolve(ready);
      return new Promise((resolve) => waiting.push(resolve));
    },
    close: () => {
      agent.close();
      broker.close();
    },
  };
}

export async function startedPair(options: PairOptions = {}): Promise<SessionPair> {
  const pair = createPair(options);
  await Promise.all([pair.agent.start(), pair.broker.start()]);
  return pair;
}

/** A channel opened by the broker: [the broker's end, the agent's end]. */
export async function openChannel(
  pair: SessionPair,
  channelClass: 'live' | 'bulk' | 'control' = 'live',
): Promise<[Channel, Channel]> {
  const opening = pair.broker.open({ service: 'echo', class: channelClass });
  const request = await pair.nextRequest();
  const far = request.accept();
  return [await opening, far];
}

/** Reads a channel to its FIN, returning credit as it goes. */
export function readAll(channel: Channel): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    channel.onData = (chunk) => {
      chunks.push(chunk);
      channel.consume(chunk.length);
    };
    channel.onFin = () => resolve(Buffer.concat(chunks));
    channel.onReset = (code) => reject(new Error(code));
  });
}

/** Writes everything, obeying backpressure, then FIN. */
export async function writeAll(channel: Channel, bytes: Buffer, chunkBytes = 16_384): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    if (channel.write(bytes.subarray(at, at + chunkBytes))) continue;
    await new Promise<void>((resolve) => {
      channel.onDrain = resolve;
    });
  }
  channel.end();
}

/** Polls until the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
