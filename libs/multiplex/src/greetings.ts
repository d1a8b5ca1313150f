import type { SessionError } from './errors.js';
import type { WelcomeInfo } from './handshake.js';
import type { Lane } from './lane.js';

/** A handshake that runs on a lane. */
interface Greeting {
  readonly timer: NodeJS.Timeout;
  readonly resolve: (info: WelcomeInfo) => void;
  readonly reject: (error: SessionError) => void;
}

/** The handshakes under way, one per lane, each with its end. */
export class Greetings {
  private readonly waiting = new Map<Lane, Greeting>();

  constructor(
    private readonly timeoutMs: number,
    private readonly late: (lane: Lane) => void,
  ) {}

  lanes(): Iterable<Lane> {
    return this.waiting.keys();
  }

  begin(lane: Lane): Promise<WelcomeInfo> {
    return new Promise<WelcomeInfo>((resolve, reject) => {
      const timer = setTimeout(() => this.late(lane), this.timeoutMs);
      this.waiting.set(lane, { timer, resolve, reject });
    });
  }

  /** The caller settles it. Undefined when the lane has none. */
  end(lane: Lane): Greeting | undefined {
    const greeting = this.waiting.get(lane);
    this.waiting.delete(lane);
    clearTimeout(greeting?.timer);
    return greeting;
  }
}
