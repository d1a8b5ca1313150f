import { randomBytes } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import { decodeFields } from '../src/fields.js';
import { FRAME, WELCOME_FIELDS } from '../src/frame.js';
import {
  type AttachOptions,
  Budget,
  type Channel,
  type CloseReason,
  type OpenRequest,
  type Role,
  Session,
  type SessionConfig,
} from '../src/index.js';
import { proofOf } from '../src/resume-secret.js';
import { RawPeer } from './raw-peer.js';
import { HELLO, until } from './session-pair.js';

export interface SceneOptions {
  /** Of the real session; the peer has the other one. */
  readonly role: Role;
  /** Both announce all features, else none. */
  readonly resumable: boolean;
  readonly config?: Partial<SessionConfig>;
  readonly onOpen?: (request: OpenRequest) => void;
  /** What the peer announces. */
  readonly peerMaxChannels?: number;
}

const ALL_FEATURES = 7;
const CONFIG = { windowBytes: 65_536, maxWindowBytes: 65_536, closeLingerMs: 10, ackDelayMs: 1 } as const;

/** A real session of either role against a peer that a test drives by hand. */
export class HostileScene {
  readonly session: Session;
  readonly peer: RawPeer;
  /** The session's end of the connection. */
  readonly transport: Duplex;
  /** Of the process; the session's own is `budgetBytes`. */
  readonly budget = new Budget(2 ** 40);
  readonly accepted: Channel[] = [];
  readonly reasons: CloseReason[] = [];
  readonly faults: unknown[] = [];
  private readonly exporter = randomBytes(32);
  private barriers = 0;

  /** Nothing has been said yet. */
  constructor(private readonly options: SceneOptions) {
    const [near, far] = duplexPair();
    this.transport = far;
    this.session = this.create(far, this.exporter);
    this.session.on('close', (reason) => this.reasons.push(reason));
    this.session.on('fault', (error) => this.faults.push(error));
    this.session.start().catch(() => undefined);
    this.peer = new RawPeer(near);
  }

  static async open(options: SceneOptions): Promise<HostileScene> {
    const scene = new HostileScene(options);
    scene.greet();
    await until(() => scene.session.state === 'open' && scene.peer.frames.length > 0);
    return scene;
  }

  /** The peer's half of the handshake. */
  greet(): void {
    const features = this.options.resumable ? ALL_FEATURES : 0;
    const maxChannels = this.options.peerMaxChannels ?? 16;
    if (this.options.role === 'broker') this.peer.hello({ features, maxChannels });
    else this.peer.welcome({ features, maxChannels, ...(this.options.resumable ? { resumeSecret: SECRET } : {}) });
  }

  /** The n-th id that the peer may open. */
  id(n: number): number {
    return 2 * n + (this.options.role === 'broker' ? 2 : 1);
  }

  /** The n-th id that the session opens. */
  ownId(n: number): number {
    return 2 * n + (this.options.role === 'broker' ? 1 : 2);
  }

  get code(): string | undefined {
    return this.reasons[0]?.code;
  }

  /** Resolves when the session has read all that the peer said so far, or has ended. */
  async heard(): Promise<void> {
    this.barriers += 1;
    const token = 1_000_000_000 + this.barriers;
    this.peer.send(FRAME.PING, 0, token);
    await until(() => this.reasons.length > 0 || this.peer.of(FRAME.PONG).some(({ offset }) => offset === token));
  }

  /** One more connection of the peer, on which it has said what it must. */
  async further(as: AttachOptions['as'], proof?: string): Promise<RawPeer> {
    const [near, far] = duplexPair();
    const exporter = randomBytes(32);
    if (this.options.role === 'agent') this.session.attach({ transport: far, exporter, as }).catch(() => undefined);
    else
      this.create(far, exporter)
        .start()
        .catch(() => undefined);
    const peer = new RawPeer(near);
    if (this.options.role === 'agent') {
      await until(() => peer.frames.length > 0);
      peer.welcome({ features: ALL_FEATURES });
      return peer;
    }
    const right = proofOf(this.secret, exporter);
    const lane = as === 'resume' ? 0 : 1;
    peer.hello({ features: ALL_FEATURES, lane, resumeSessionId: 's-1', resumeProof: proof ?? right });
    await until(() => peer.frames.length > 0);
    return peer;
  }

  close(): void {
    this.session.close();
    this.peer.transport.destroy();
  }

  private get secret(): string {
    const [welcome] = this.peer.of(FRAME.WELCOME);
    return welcome === undefined ? SECRET : (decodeFields(WELCOME_FIELDS, welcome.payload).resumeSecret ?? SECRET);
  }

  private create(transport: Duplex, exporter: Buffer): Session {
    const { role, resumable, config } = this.options;
    const onOpen = this.options.onOpen ?? ((request: OpenRequest) => this.accepted.push(request.accept()));
    return new Session({
      role,
      transport,
      ...(resumable ? { exporter } : {}),
      ...(role === 'agent' ? { hello: HELLO } : {}),
      admit: ({ resumeSessionId }) =>
        Promise.resolve(resumeSessionId === undefined ? { sessionId: 's-1' } : { join: this.session }),
      onOpen,
      budget: this.budget,
      config: { ...CONFIG, ...config },
    });
  }
}

const SECRET = Buffer.alloc(32, 7).toString('base64url');
