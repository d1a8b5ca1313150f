import { CHANNEL_CLASS, type ClassStats, noClassTotals, type Session } from '@app/multiplex';
import { EventEmitter } from 'node:events';
import { SessionRegistry } from '../tunnel/session-registry.js';
import { TunnelMetrics } from './tunnel.metrics.js';

const NOTHING = noClassTotals();

class FakeSession extends EventEmitter {
  state = 'open';
  suspended = false;
  resumes = 0;
  lanes = 1;
  live: Partial<ClassStats> = {};

  get stats(): object {
    const classes = Object.fromEntries(Object.keys(CHANNEL_CLASS).map((name) => [name, NOTHING]));
    const { lanes, resumes, live } = this;
    return { lanes, resumes, lanesLost: resumes, classes: { ...classes, live: { ...NOTHING, ...live } } };
  }
}

describe('the metrics of a broker', () => {
  let metrics: TunnelMetrics;

  beforeEach(() => {
    metrics = new TunnelMetrics(new SessionRegistry());
  });

  const follow = (changes: Partial<FakeSession>): FakeSession => {
    const session = Object.assign(new FakeSession(), changes);
    metrics.follow(session as unknown as Session);
    return session;
  };

  /** A line each, without help and type. */
  const read = async (): Promise<string[]> => {
    const text = await metrics.registry.metrics();
    await new Promise(setImmediate);
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };

  it('add sessions up, and keep the counters of those that ended', async () => {
    const one = follow({
      live: { channels: 2, bytesReceived: 1_000, bytesSent: 10, resets: { cancelled: 1 } },
      lanes: 3,
    });
    follow({ live: { channels: 1, bytesReceived: 500, queueAgeMs: 250, resets: { cancelled: 1, other: 1 } } });
    follow({ suspended: true, lanes: 0, resumes: 2 });
    follow({ state: 'handshaking', lanes: 0 });
    const lines = await read();
    for (const line of [
      'adit_tunnel_sessions 3',
      'adit_tunnel_sessions_suspended 1',
      'adit_tunnel_lanes 4',
      'adit_tunnel_resumes_total 2',
      'adit_tunnel_channels{class="live"} 3',
      'adit_tunnel_channels{class="bulk"} 0',
      'adit_tunnel_bytes_total{class="live",direction="up"} 1500',
      'adit_tunnel_bytes_total{class="live",direction="down"} 10',
      'adit_tunnel_queue_age_seconds{class="live"} 0.25',
      'adit_tunnel_resets_total{class="live",code="cancelled"} 2',
      'adit_tunnel_resets_total{class="live",code="other"} 1',
      'adit_tunnel_budget_limit_bytes 536870912',
    ]) {
      expect(lines).toContain(line);
    }
    [one.live, one.lanes, one.state] = [{ bytesReceived: 1_200, bytesSent: 10, channelsEnded: 2 }, 0, 'closed'];
    one.emit('close');
    const later = await read();
    expect(later).toContain('adit_tunnel_sessions 2');
    expect(later).toContain('adit_tunnel_channels{class="live"} 1');
    expect(later).toContain('adit_tunnel_bytes_total{class="live",direction="up"} 1700');
  });

  it('tell of dials and of round trips', async () => {
    metrics.dialled('ok');
    metrics.dialled('site-offline');
    follow({}).emit('rtt', 40);
    const lines = await read();
    expect(lines).toContain('adit_tunnel_dials_total{code="ok"} 1');
    expect(lines).toContain('adit_tunnel_dials_total{code="site-offline"} 1');
    expect(lines).toContain('adit_tunnel_round_trip_seconds_bucket{le="0.025"} 0');
    expect(lines).toContain('adit_tunnel_round_trip_seconds_bucket{le="0.05"} 1');
  });

  it('have no more series with a thousand sites than with one', async () => {
    follow({ live: { resets: { cancelled: 1 } } });
    const { length } = await read();
    for (let site = 0; site < 1_000; site += 1) follow({ live: { resets: { cancelled: 1 } } });
    expect((await read()).length).toBe(length);
  });
});
