import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type AttachOptions, type Channel, type OpenRequest, Session, type SessionConfig } from '../src/index.js';
import { HELLO, socketPair, until } from './session-pair.js';

/** One connection through a relay that can be cut, or go silent with both ends still open. */
export class Link {
  silent = false;
  alive = true;

  private constructor(
    private readonly inner: readonly [Duplex, Duplex],
    readonly agentEnd: Duplex,
    readonly brokerEnd: Duplex,
  ) {
    const [left, right] = inner;
    this.relay(left, right);
    this.relay(right, left);
  }

  static async open(): Promise<Link> {
    const [agentEnd, left] = await socketPair();
    const [right, brokerEnd] = await socketPair();
    return new Link([left, right], agentEnd, brokerEnd);
  }

  cut(): void {
    this.alive = false;
    for (const end of this.inner) end.destroy();
  }

  private relay(from: Duplex, to: Duplex): void {
    from.on('data', (chunk: Buffer) => {
      if (this.silent) return;
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
    from.on('end', () => to.end());
    from.on('close', () => to.destroy());
    from.on('error', () => undefined);
  }
}

export interface RigOptions {
  readonly config?: Partial<SessionConfig>;
  readonly brokerConfig?: Partial<SessionConfig>;
  readonly onOpen?: (request: OpenRequest) => void;
}

/** An agent and a broker that resume, over links that a test breaks. */
export class ResumableRig {
  readonly links: Link[] = [];
  readonly requests: OpenRequest[] = [];
  agent!: Session;
  broker!: Session;
  /** What the broker's admission answers instead of joining. */
  refusal: { code: string } | undefined;

  private constructor(private readonly options: RigOptions) {}

  static async start(options: RigOptions = {}): Promise<ResumableRig> {
    const rig = new ResumableRig(options);
    const exporter = randomBytes(32);
    const link = await rig.link();
    rig.agent = new Session({
      role: 'agent',
      transport: link.agentEnd,
      exporter,
      hello: HELLO,
      onOpen: options.onOpen ?? ((request) => rig.requests.push(request)),
      config: { closeLingerMs: 10, ...options.config },
    });
    rig.broker = rig.greet(link.brokerEnd, exporter);
    await Promise.all([rig.agent.start(), rig.broker.start()]);
    return rig;
  }

  /** One more connection, with what a test wants wrong about it. @throws as Session.attach */
  async attach(as: AttachOptions['as'], change: { agentExporter?: Buffer } = {}): Promise<Link> {
    const exporter = randomBytes(32);
    const link = await this.link();
    const greeting = this.greet(link.brokerEnd, exporter).start();
    greeting.catch(() => undefined);
    await this.agent.attach({ transport: link.agentEnd, exporter: change.agentExporter ?? exporter, as });
    return link;
  }

  cutAll(): void {
    for (const link of this.links) link.cut();
  }

  /** A channel opened by the broker: [the broker's end, the agent's end]. */
  async channel(channelClass: 'live' | 'bulk' | 'control' = 'live'): Promise<[Channel, Channel]> {
    const opening = this.broker.open({ service: 'echo', class: channelClass });
    opening.catch(() => undefined);
    await until(() => this.requests.length > 0);
    const far = this.requests.shift()?.accept();
    if (far === undefined) throw new Error('no request');
    return [await opening, far];
  }

  close(): void {
    this.agent.close();
    this.broker.close();
    this.cutAll();
  }

  private greet(transport: Duplex, exporter: Buffer): Session {
    const { config, brokerConfig } = this.options;
    return new Session({
      role: 'broker',
      transport,
      exporter,
      admit: ({ resumeSessionId }) => {
        if (this.refusal !== undefined) return Promise.resolve({ refuse: this.refusal });
        return Promise.resolve(resumeSessionId === undefined ? { sessionId: 's-1' } : { join: this.broker });
      },
      config: { closeLingerMs: 10, ...config, ...brokerConfig },
    });
  }

  private async link(): Promise<Link> {
    const link = await Link.open();
    this.links.push(link);
    return link;
  }
}
