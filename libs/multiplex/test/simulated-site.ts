import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type Channel, type ChannelClass, type OpenRequest, Session, type UplinkCap } from '../src/index.js';
import { HELLO } from './session-pair.js';
import { changeLine, type LineChange, SIMULATED_CLOCK, simulatedLine, type Wire } from './simulated-line.js';

/** Lets so much simulated time pass; promises of the sessions settle meanwhile. */
export const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/** An agent that resumes and its broker, over lines that exist in simulated time alone. */
export class SimulatedSite {
  readonly agent: Session;
  readonly broker: Session;
  private line: [Duplex, Duplex];
  private readonly requests: OpenRequest[] = [];
  private readonly started: Promise<unknown>;

  private constructor(
    private readonly delayMs: number,
    private readonly wire: Wire,
    uplinkCap: UplinkCap,
    private readonly bytesPerMs?: number,
  ) {
    const exporter = randomBytes(32);
    this.line = simulatedLine(delayMs, wire, bytesPerMs);
    this.agent = new Session({
      role: 'agent',
      transport: this.line[0],
      exporter,
      hello: HELLO,
      onOpen: (request) => this.requests.push(request),
      uplinkCap,
      clock: SIMULATED_CLOCK,
    });
    this.broker = this.greet(this.line[1], exporter);
    this.started = Promise.all([this.agent.start(), this.broker.start()]);
  }

  /** @param bytesPerMs of the uplink */
  static async start(delayMs: number, wire: Wire, uplinkCap: UplinkCap, bytesPerMs?: number): Promise<SimulatedSite> {
    const site = new SimulatedSite(delayMs, wire, uplinkCap, bytesPerMs);
    await pass(4 * delayMs);
    await site.started;
    return site;
  }

  /** A channel that the broker opened: [the broker's end, the agent's end]. */
  async channel(channelClass: ChannelClass): Promise<[Channel, Channel]> {
    const opening = this.broker.open({ service: 'any', class: channelClass });
    // A turn of the event loop is a part of the way.
    await pass(this.delayMs + 1);
    const far = this.requests.shift()?.accept();
    if (far === undefined) throw new Error('no OPEN arrived');
    await pass(2 * this.delayMs);
    return [await opening, far];
  }

  /** The line from now on. */
  change(to: LineChange): void {
    changeLine(this.line, to);
  }

  cut(): void {
    this.line[0].destroy();
  }

  /** The first lane after all were lost. */
  async resume(): Promise<void> {
    const exporter = randomBytes(32);
    this.line = simulatedLine(this.delayMs, this.wire, this.bytesPerMs);
    const greeting = this.greet(this.line[1], exporter).start();
    const attached = this.agent.attach({ transport: this.line[0], exporter, as: 'resume' });
    await pass(4 * this.delayMs);
    await Promise.all([greeting, attached]);
  }

  close(): void {
    this.agent.close();
    this.broker.close();
  }

  private greet(transport: Duplex, exporter: Buffer): Session {
    return new Session({
      role: 'broker',
      transport,
      exporter,
      admit: ({ resumeSessionId }) =>
        Promise.resolve(resumeSessionId === undefined ? { sessionId: 's-1' } : { join: this.broker }),
      clock: SIMULATED_CLOCK,
    });
  }
}

/** Sends as fast as it is let; the other end reads. */
export function pour([sink, source]: [Channel, Channel]): void {
  sink.onData = (chunk) => sink.consume(chunk.length);
  const pump = (): void => {
    while (source.write(Buffer.alloc(16_384)));
  };
  source.onDrain = pump;
  pump();
}

/** Round trips of 100 bytes on a channel, one after the other, begun at its second end. @returns ms of each */
export function trips([far, near]: [Channel, Channel], pauseMs: number): number[] {
  const took: number[] = [];
  let sentAt = 0;
  const send = (): void => {
    sentAt = performance.now();
    near.write(Buffer.alloc(100));
  };
  far.onData = (chunk) => {
    far.consume(chunk.length);
    far.write(chunk);
  };
  near.onData = (chunk) => {
    near.consume(chunk.length);
    took.push(performance.now() - sentAt);
    setTimeout(send, pauseMs);
  };
  send();
  return took;
}
