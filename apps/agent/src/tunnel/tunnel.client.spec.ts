import { SessionRefusedError, type GoawayInfo, type Session, type CloseReason } from '@app/multiplex';
import { EventEmitter, once } from 'node:events';
import { AgentError } from '../errors.js';
import type { Endpoint } from '../network/endpoint.dialer.js';
import { BackOff } from './back-off.js';
import type { Connected } from './tunnel.attempt.js';
import { TunnelClient } from './tunnel.client.js';

const endpoint = (host: string, priority: number): Endpoint => ({ host, port: 5500, serverName: host, priority });

class ScriptedSession extends EventEmitter {
  closeReason: CloseReason | undefined;
  peerGoaway: GoawayInfo | undefined;
  drained = false;

  end(code: string, retryAfterMs?: number): void {
    this.closeReason = { code, by: 'peer', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    this.emit('close', this.closeReason);
  }

  drain(): Promise<void> {
    this.drained = true;
    this.end('drained');
    return Promise.resolve();
  }

  close(code: string): void {
    this.end(code);
  }
}

/** What happens at the next attempts, in order; then nothing until the client is closed. */
type Step = ScriptedSession | Error;

describe('TunnelClient', () => {
  let now = 0;
  let waits: number[] = [];
  let tried: string[] = [];
  let timers: { ms: number; run: () => void }[] = [];
  let client: TunnelClient;

  const begin = (steps: Step[], endpoints = [endpoint('first', 0)]): void => {
    [now, waits, tried, timers] = [0, [], [], []];
    client = new TunnelClient({
      endpoints,
      backOff: new BackOff(
        undefined,
        () => now,
        () => 1,
      ),
      clock: () => now,
      sleep: (ms) => {
        waits.push(ms);
        now += ms;
        return Promise.resolve();
      },
      later: (ms, run) => {
        const timer = { ms, run };
        timers.push(timer);
        return () => void (timers = timers.filter((other) => other !== timer));
      },
      attach: () => Promise.reject(new Error('no line')),
      attempt: ({ host }, signal) => {
        tried.push(host);
        const step = steps.shift();
        if (step instanceof Error) return Promise.reject(step);
        if (step !== undefined) return Promise.resolve(connected(step));
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
      },
    });
    client.start();
  };

  const connected = (session: ScriptedSession): Connected => ({
    session: session as unknown as Session,
    welcome: { sessionId: 's', wallClockMs: 0, version: 1, features: 0, limits: { maxDataBytes: 1, maxChannels: 1 } },
    endpoint: endpoint('first', 0),
    exporter: Buffer.alloc(32),
    clockSkewMs: 0,
  });

  /** Until the script is used up and the client hangs in one more attempt. */
  const idle = async (attempts: number): Promise<void> => {
    while (tried.length < attempts) await once(client, 'connecting');
  };

  afterEach(() => client.close());

  it('tries the endpoints in the order of their priority, then waits', async () => {
    begin(
      [new AgentError('connection-refused', 'no'), new AgentError('connection-timeout', 'no')],
      [endpoint('fallback', 10), endpoint('main', 0)],
    );
    await idle(3);
    expect(tried).toEqual(['main', 'fallback', 'main']);
    expect(waits).toEqual([500]);
  });

  it('does not ask another port about an identity that was judged', async () => {
    begin([new SessionRefusedError('agent-locked', 'no')], [endpoint('main', 0), endpoint('fallback', 10)]);
    await idle(2);
    expect(tried).toEqual(['main', 'main']);
  });

  it('waits as long as the first broker says when none can serve', async () => {
    begin(
      [new SessionRefusedError('unavailable', 'later', 2_000), new AgentError('connection-timeout', 'no')],
      [endpoint('main', 0), endpoint('fallback', 10)],
    );
    await idle(3);
    expect(tried).toEqual(['main', 'fallback', 'main']);
    expect(waits).toEqual([2_500]);
  });

  it.each(['certificate-revoked', 'agent-revoked', 'certificate-expired'])(
    'keeps trying after %s, but rarely, and says what to do',
    async (code) => {
      begin([new SessionRefusedError(code, 'no')]);
      const [waitMs, trouble] = (await once(client, 'waiting')) as [number, { advice: string }];
      expect(waitMs).toBeGreaterThanOrEqual(600_000);
      expect(trouble.advice).toContain('keyfile');
    },
  );

  it('comes back at once after a session that was steady, slower and slower after short ones', async () => {
    const sessions = [new ScriptedSession(), new ScriptedSession(), new ScriptedSession()];
    begin([...sessions]);
    for (const [index, session] of sessions.entries()) {
      await once(client, 'up');
      now += index === 2 ? 20_000 : 1_000;
      session.end('transport-closed');
    }
    await idle(4);
    expect(waits).toEqual([500, 1_000, 500]);
  });

  it('leaves the place to a second agent with the same identity for a minute', async () => {
    const session = new ScriptedSession();
    begin([session]);
    await once(client, 'up');
    session.end('superseded');
    await idle(2);
    expect(waits[0]).toBeGreaterThanOrEqual(60_000);
  });

  const goaway = { reason: 'broker-stopped', lastAcceptedId: 0, drainDeadlineMs: 5_000, reconnectAfterMs: 300 };

  it('opens the next session in its slot while the one that is told to go still drains', async () => {
    const [old, next] = [new ScriptedSession(), new ScriptedSession()];
    begin([old, next]);
    await once(client, 'up');
    const up = once(client, 'up');
    now += 20_000;
    old.emit('goaway', goaway);
    await up;
    expect(waits).toEqual([300]);
    expect(old.closeReason).toBeUndefined();
    const left = once(client, 'left');
    await client.close();
    expect([old.drained, next.drained]).toEqual([true, true]);
    expect(await left).toEqual(['first:5500', { code: 'drained', message: 'the session ended' }]);
  });

  it('ends the session that it left behind itself, when the broker does not in its time', async () => {
    const old = new ScriptedSession();
    begin([old, new ScriptedSession()]);
    await once(client, 'up');
    const up = once(client, 'up');
    old.emit('goaway', goaway);
    await up;
    expect(timers.map(({ ms }) => ms)).toEqual([goaway.drainDeadlineMs + 5_000]);
    const left = once(client, 'left');
    timers[0]?.run();
    expect(await left).toEqual(['first:5500', { code: 'drain-deadline', message: 'the session ended' }]);
    expect(timers).toEqual([]);
  });

  it('waits for the broker to end it no longer than an hour, and not once it has', async () => {
    const old = new ScriptedSession();
    begin([old, new ScriptedSession()]);
    await once(client, 'up');
    const up = once(client, 'up');
    old.emit('goaway', { ...goaway, drainDeadlineMs: 4_294_967_295 });
    await up;
    expect(timers.map(({ ms }) => ms)).toEqual([3_605_000]);
    old.end('drained');
    expect(timers).toEqual([]);
  });

  it('moves when it was told to go before it could listen, in the same read as WELCOME', async () => {
    const old = new ScriptedSession();
    old.peerGoaway = goaway;
    begin([old, new ScriptedSession()], [endpoint('first', 0), endpoint('other', 10)]);
    const [trouble] = (await once(client, 'moving')) as [{ code: string }];
    await once(client, 'up');
    expect(trouble.code).toBe('broker-draining');
    expect(tried).toEqual(['first', 'other']);
    expect(old.closeReason).toBeUndefined();
  });

  it('tells that it has left a session that ends in the same read as it is told to go', async () => {
    const old = new ScriptedSession();
    begin([old, new ScriptedSession()]);
    await once(client, 'up');
    const told: string[] = [];
    client.on('moving', ({ code }) => told.push(code));
    client.on('left', (_broker, { code }) => told.push(code));
    const up = once(client, 'up');
    old.emit('goaway', goaway);
    old.end('drained');
    await up;
    expect(told).toEqual(['broker-draining', 'drained']);
    expect(timers).toEqual([]);
  });

  it('backs off from a broker that sends it away as soon as it is there', async () => {
    const old = new ScriptedSession();
    begin([old, new ScriptedSession()]);
    await once(client, 'up');
    const up = once(client, 'up');
    old.emit('goaway', goaway);
    await up;
    expect(waits).toEqual([800]);
  });

  it.each([
    ['last while it drains', 0, ['other', 'first']],
    ['first again when its deadline has passed', 5_000, ['first', 'other']],
  ])('tries the best endpoint %s', async (_when, laterMs, order) => {
    const [old, next] = [new ScriptedSession(), new ScriptedSession()];
    const gone = new AgentError('connection-refused', 'no');
    begin([old, next, gone, gone], [endpoint('first', 0), endpoint('other', 10)]);
    await once(client, 'up');
    const up = once(client, 'up');
    now += 20_000;
    old.emit('goaway', goaway);
    await up;
    expect(tried).toEqual(['first', 'other']);
    now += laterMs;
    next.end('transport-closed');
    await idle(4);
    expect(tried.slice(2, 4)).toEqual(order);
  });

  it('tells of interruptions of the session in use, not of the one left behind', async () => {
    const [old, next] = [new ScriptedSession(), new ScriptedSession()];
    begin([old, next]);
    await once(client, 'up');
    const up = once(client, 'up');
    old.emit('goaway', goaway);
    await up;
    const told: string[] = [];
    client.on('suspended', ({ code }) => told.push(code));
    old.emit('suspended', { code: 'transport-closed', by: 'transport' });
    next.emit('suspended', { code: 'peer-silent', by: 'local' });
    expect(told).toEqual(['peer-silent']);
  });

  it('drains its session when it is closed, and may be closed twice', async () => {
    const session = new ScriptedSession();
    begin([session]);
    await once(client, 'up');
    await client.close();
    await client.close();
    expect(session.drained).toBe(true);
    expect(waits).toEqual([]);
  });

  it('ends a wait when it is woken', async () => {
    [waits, tried] = [[], []];
    client = new TunnelClient({
      endpoints: [endpoint('first', 0)],
      backOff: new BackOff({ baseMs: 3_600_000, capMs: 3_600_000, earlyCapMs: 3_600_000, earlyMs: 0 }),
      attempt: ({ host }) => {
        tried.push(host);
        return Promise.reject(new AgentError('connection-refused', 'no'));
      },
    });
    client.start();
    await once(client, 'waiting');
    const again = once(client, 'connecting');
    client.wake();
    await again;
    expect(tried.length).toBeGreaterThanOrEqual(1);
  });
});
