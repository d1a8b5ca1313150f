import { noClassTotals, type Session } from '@app/multiplex';
import { EventEmitter } from 'node:events';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import { type Status, status } from './status.js';
import { StatusRecorder } from './status.recorder.js';

const NOTHING = noClassTotals();
const LIVE = { channels: 2, bytesSent: 70, bytesReceived: 7, bytesResent: 5 };
const STATS = {
  lanes: 2,
  resumes: 1,
  bytesSent: 100,
  bytesReceived: 10,
  bytesResent: 5,
  classes: { control: NOTHING, live: { ...NOTHING, ...LIVE, channelsOpened: 3 } },
};

describe('StatusRecorder', () => {
  let written: Status[];
  let tunnel: EventEmitter;
  let recorder: StatusRecorder;
  let release: (() => void) | undefined;

  beforeEach(() => {
    written = [];
    release = undefined;
    tunnel = new EventEmitter();
    const site = { siteId: 's', siteName: 'Site', agentId: 'a' };
    const [notBefore, renewAt, notAfter] = ['2026-01-01', '2026-09-01', '2027-01-01'];
    const certificate = { serial: '01', notBefore, renewAt, notAfter, lastRenewal: null, servedRequest: null };
    recorder = new StatusRecorder({
      fixed: { pid: 1, instanceId: 'i', agentVersion: '1', startedAt: '2026-01-01T00:00:00.000Z' },
      site,
      certificate: () => certificate,
      proxy: null,
      services: { directory: '127.0.0.1:1' },
      uplink: () => ({ bitsPerSecond: 5e6, line: 0 }),
      capacity: () => 8e6,
      cameras: () => [{ id: 'gate', name: 'Gate', state: 'online' }],
      write: (value) => {
        written.push(value);
        return new Promise((resolve) => (release = resolve));
      },
      onError: (error) => {
        throw error;
      },
    });
    recorder.follow(tunnel as unknown as TunnelClient);
  });

  /** Lets the write under way end, and the one that waits for it begin. */
  const nextWrite = async (): Promise<void> => {
    release?.();
    await new Promise(setImmediate);
  };

  const up = (): Connected => ({
    session: Object.assign(new EventEmitter(), { rttMs: 12.34, stats: STATS }) as unknown as Session,
    welcome: { sessionId: 'w', wallClockMs: 0, version: 1, features: 0, limits: { maxDataBytes: 1, maxChannels: 1 } },
    endpoint: { host: '2001:db8::1', port: 5500, serverName: 'h', priority: 0 },
    exporter: Buffer.alloc(32),
    clockSkewMs: -7,
  });

  it('tells broker, round trip and clock skew while the tunnel is up', () => {
    tunnel.emit('connecting', '[2001:db8::1]:5500');
    tunnel.emit('up', up());
    expect(status.parse(recorder.snapshot()).tunnel).toMatchObject({
      state: 'up',
      broker: '[2001:db8::1]:5500',
      sessionId: 'w',
      rttMs: 12.3,
      clockSkewMs: -7,
    });
  });

  it('tells why it is down and when it tries again, the same trouble once, the newest first', () => {
    tunnel.emit('up', up());
    tunnel.emit('down', { code: 'peer-silent', message: 'gone' });
    for (const code of ['peer-silent', 'connection-refused', 'connection-refused']) {
      tunnel.emit('waiting', 1_000, { code, message: 'no' });
    }
    const { tunnel: now, troubles } = status.parse(recorder.snapshot());
    expect(now).toMatchObject({ state: 'waiting', broker: null, rttMs: null });
    expect(Date.parse(now.nextAttemptAt ?? '')).toBeGreaterThan(Date.now());
    expect(troubles.map(({ code }) => code)).toEqual(['connection-refused', 'peer-silent']);
  });

  it('tells what the session carried, by the classes that it used, and nothing without a session', () => {
    expect(status.parse(recorder.snapshot()).tunnel.traffic).toBeNull();
    tunnel.emit('up', up());
    expect(status.parse(recorder.snapshot()).tunnel.traffic).toEqual({
      lanes: 2,
      resumes: 1,
      bytesSent: 100,
      bytesReceived: 10,
      bytesResent: 5,
      classes: { live: LIVE },
    });
  });

  it('tells the limit of the uplink, and the line of the schedule that sets it', () => {
    expect(status.parse(recorder.snapshot()).uplink).toEqual({
      limitBitsPerSecond: 5e6,
      scheduleLine: 1,
      capacityBitsPerSecond: 8e6,
    });
  });

  it('keeps a handful of troubles', () => {
    for (let index = 0; index < 20; index += 1) tunnel.emit('waiting', 0, { code: `code-${index}`, message: 'no' });
    expect(recorder.snapshot().troubles).toHaveLength(5);
  });

  it('writes one at a time, and the last word after that', async () => {
    tunnel.emit('connecting', 'a:1');
    tunnel.emit('waiting', 0, { code: 'x', message: 'no' });
    tunnel.emit('up', up());
    expect(written.map((value) => value.tunnel.state)).toEqual(['connecting']);
    await nextWrite();
    expect(written.map((value) => value.tunnel.state)).toEqual(['connecting', 'up']);
    const closed = recorder.close();
    await nextWrite();
    await nextWrite();
    await closed;
    expect(written.at(-1)?.tunnel.state).toBe('stopped');
  });
});
