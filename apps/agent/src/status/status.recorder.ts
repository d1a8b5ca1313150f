import type { Session, SessionStats } from '@app/multiplex';
import { endpointName } from '../network/endpoint.dialer.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import type { TunnelClient, TunnelTrouble } from '../tunnel/tunnel.client.js';
import type { LimitInForce } from '../uplink/uplink.policy.js';
import type { CameraStatus, CertificateStatus, EventStatus, Status, Traffic, TunnelState } from './status.js';

const MAX_TROUBLES = 5;
const REFRESH_MS = 10_000;

export interface RecorderOptions {
  fixed: Pick<Status, 'pid' | 'instanceId' | 'agentVersion' | 'startedAt'>;
  site: Omit<Status['site'], 'certificateNotAfter'>;
  certificate: () => CertificateStatus;
  proxy: string | null;
  services: Record<string, string>;
  cameras: () => CameraStatus[];
  uplink: () => LimitInForce;
  events?: () => EventStatus;
  record?: () => NonNullable<Status['record']>;
  /** Bits per second; undefined while the line was never full. */
  capacity?: () => number | undefined;
  write: (status: Status) => Promise<void>;
  onError: (error: unknown) => void;
}

/** Follows the tunnel and keeps the status on disk current: on every change, and now and then as a sign of life. */
export class StatusRecorder {
  private tunnel: Status['tunnel'];
  private troubles: Status['troubles'] = [];
  private session: Session | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private again = false;

  constructor(private readonly options: RecorderOptions) {
    this.tunnel = this.state('connecting');
  }

  follow(client: TunnelClient): void {
    client.on('connecting', (broker) => this.change({ ...this.state('connecting'), broker }));
    client.on('up', (connected) => this.up(connected));
    client.on('suspended', (trouble) => {
      this.note(trouble);
      this.change(this.state('connecting'));
    });
    client.on('resumed', (connected) => this.up(connected));
    client.on('down', (trouble) => this.down(trouble));
    client.on('moving', (trouble) => {
      this.note(trouble);
      this.write();
    });
    client.on('waiting', (waitMs, trouble) => {
      this.note(trouble);
      this.change({ ...this.state('waiting'), nextAttemptAt: new Date(Date.now() + waitMs).toISOString() });
    });
  }

  start(): void {
    this.write();
    this.timer = setInterval(() => this.write(), REFRESH_MS).unref();
  }

  /** Something changed that is not of the tunnel. */
  refresh(): void {
    this.write();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.session = undefined;
    this.change(this.state('stopped'));
    await this.writing;
  }

  snapshot(): Status {
    const { fixed, site, services, cameras, uplink } = this.options;
    const certificate = this.options.certificate();
    const { bitsPerSecond, line } = uplink();
    const rtt = this.session?.rttMs;
    return {
      v: 1,
      ...fixed,
      site: { ...site, certificateNotAfter: certificate.notAfter },
      certificate,
      writtenAt: new Date().toISOString(),
      tunnel: {
        ...this.tunnel,
        rttMs: rtt === undefined ? null : Math.round(rtt * 10) / 10,
        traffic: this.session === undefined ? null : trafficOf(this.session.stats),
      },
      uplink: {
        limitBitsPerSecond: Number.isFinite(bitsPerSecond) ? bitsPerSecond : null,
        scheduleLine: line === undefined ? null : line + 1,
        capacityBitsPerSecond: this.options.capacity?.() ?? null,
      },
      ...(this.options.record === undefined ? {} : { record: this.options.record() }),
      ...(this.options.events === undefined ? {} : { events: this.options.events() }),
      troubles: this.troubles,
      services,
      cameras: cameras(),
    };
  }

  private up({ session, endpoint, welcome, clockSkewMs }: Connected): void {
    this.session = session;
    session.once('rtt', () => this.write());
    const broker = endpointName(endpoint);
    this.change({ ...this.state('up'), broker, sessionId: welcome.sessionId, clockSkewMs });
  }

  private down(trouble: TunnelTrouble): void {
    this.session = undefined;
    this.note(trouble);
  }

  private note(trouble: TunnelTrouble): void {
    const same = this.troubles[0]?.code === trouble.code ? 1 : 0;
    const kept = this.troubles.slice(same, MAX_TROUBLES - 1 + same);
    this.troubles = [{ ...trouble, at: new Date().toISOString() }, ...kept];
  }

  private state(state: TunnelState): Status['tunnel'] {
    const { proxy } = this.options;
    return {
      state,
      since: new Date().toISOString(),
      broker: null,
      proxy,
      sessionId: null,
      rttMs: null,
      clockSkewMs: null,
      nextAttemptAt: null,
    };
  }

  private change(tunnel: Status['tunnel']): void {
    this.tunnel = tunnel;
    this.write();
  }

  /** One write at a time; changes meanwhile are written together after it. */
  private write(): void {
    if (this.writing !== undefined) {
      this.again = true;
      return;
    }
    this.writing = this.options
      .write(this.snapshot())
      .catch(this.options.onError)
      .then(() => {
        this.writing = undefined;
        if (this.again) {
          this.again = false;
          this.write();
          return this.writing;
        }
        return undefined;
      });
  }
}

const trafficOf = ({ lanes, resumes, bytesSent, bytesReceived, bytesResent, classes }: SessionStats): Traffic => ({
  lanes,
  resumes,
  bytesSent,
  bytesReceived,
  bytesResent,
  classes: Object.fromEntries(
    Object.entries(classes)
      .filter(([, { channelsOpened }]) => channelsOpened > 0)
      .map(([name, { channels, ...counted }]) => [
        name,
        {
          channels,
          bytesSent: counted.bytesSent,
          bytesReceived: counted.bytesReceived,
          bytesResent: counted.bytesResent,
        },
      ]),
  ),
});
