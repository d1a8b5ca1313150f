import { openChannel, readAll, socketPair, startedPair, until, writeAll } from '../test/session-pair.js';
import type { CloseReason } from './index.js';

const QUICK = { pingIntervalMs: 10, deadAfterMs: 60, closeLingerMs: 10 };

describe('a session in time', () => {
  it('measures the round trip at both ends', async () => {
    const pair = await startedPair({ transports: await socketPair(), config: QUICK });
    const seen: number[] = [];
    pair.agent.on('rtt', (rttMs) => seen.push(rttMs));
    await until(() => seen.length >= 3 && pair.broker.rttMs !== undefined);
    expect(pair.agent.rttMs).toBe(seen.at(-1));
    expect(Math.max(...seen)).toBeLessThan(1_000);
    pair.close();
  });

  it('ends with peer-silent when the peer falls silent without closing', async () => {
    const [near, far] = await socketPair();
    const pair = await startedPair({ transports: [near, far], config: QUICK });
    const reasons: CloseReason[] = [];
    pair.broker.on('close', (reason) => reasons.push(reason));
    const [channel] = await openChannel(pair);
    const silentSince = performance.now();
    near.pause();
    near.cork();
    await until(() => reasons.length === 1);
    expect(reasons[0]?.code).toBe('peer-silent');
    expect(performance.now() - silentSince).toBeLessThan(2_000);
    expect((await channel.closed).code).toBe('session-lost');
    near.destroy();
  });

  it('lives without any PONG as long as any byte arrives', async () => {
    const [near, far] = await socketPair();
    const pair = await startedPair({ transports: [near, far], config: QUICK, agentConfig: { deadAfterMs: 5_000 } });
    const [channel, site] = await openChannel(pair);
    channel.onData = (chunk) => channel.consume(chunk.length);
    near.pause();
    const started = performance.now();
    const timer = setInterval(() => site.write(Buffer.from('video')), 5);
    await until(() => performance.now() - started > 4 * QUICK.deadAfterMs);
    clearInterval(timer);
    expect(pair.broker.state).toBe('open');
    pair.close();
    near.destroy();
  });

  it('drains: refuses new channels, lets the old ones end, then closes', async () => {
    const pair = await startedPair({ transports: await socketPair(), brokerOnOpen: (request) => request.accept() });
    const [near, far] = await openChannel(pair);
    const told = new Promise((resolve) => pair.agent.on('goaway', resolve));
    const agentClosed = new Promise<CloseReason>((resolve) => pair.agent.on('close', resolve));
    const drained = pair.broker.drain({ reason: 'deploy', deadlineMs: 5_000, reconnectAfterMs: 250 });
    expect(await told).toEqual({ reason: 'deploy', lastAcceptedId: 0, drainDeadlineMs: 5_000, reconnectAfterMs: 250 });
    await expect(pair.broker.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'draining' });
    await expect(pair.agent.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'draining' });
    const got = readAll(far);
    await writeAll(near, Buffer.from('last words'));
    expect((await got).toString()).toBe('last words');
    expect(pair.broker.state).toBe('draining');
    far.end();
    near.onFin = () => undefined;
    await drained;
    expect(await agentClosed).toMatchObject({ code: 'drained', by: 'peer' });
  });

  it('drains no longer than the deadline', async () => {
    const pair = await startedPair();
    const [near] = await openChannel(pair);
    await pair.broker.drain({ reason: 'deploy', deadlineMs: 20 });
    expect(pair.broker.closeReason?.code).toBe('drain-deadline');
    expect((await near.closed).code).toBe('session-lost');
  });

  it('drains at once without channels, and a second drain is harmless', async () => {
    const pair = await startedPair();
    await Promise.all([
      pair.broker.drain({ reason: 'a', deadlineMs: 1_000 }),
      pair.broker.drain({ reason: 'b', deadlineMs: 1_000 }),
    ]);
    await pair.broker.drain({ reason: 'c', deadlineMs: 1_000 });
    expect(pair.broker.closeReason).toMatchObject({ code: 'drained', detail: 'a' });
  });

  it('drains without channels until it is released, and opens further ones, when it is told so', async () => {
    const pair = await startedPair();
    const options = { reason: 'deploy', deadlineMs: 60_000, stillOpens: true, waitsForRelease: true };
    let over = false;
    const drained = pair.broker.drain(options).then(() => (over = true));
    const [near, far] = await openChannel(pair);
    await expect(pair.agent.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'draining' });
    pair.broker.release();
    expect(over).toBe(false);
    near.reset('cancelled');
    far.onReset = () => undefined;
    await drained;
    expect(pair.broker.closeReason).toMatchObject({ code: 'drained', detail: 'deploy' });
  });

  it('is drained, not late, when it waited for nothing until the deadline', async () => {
    const pair = await startedPair();
    await pair.broker.drain({ reason: 'deploy', deadlineMs: 20, waitsForRelease: true });
    expect(pair.broker.closeReason?.code).toBe('drained');
  });

  it('ends with transport-closed when the connection goes away', async () => {
    const [near, far] = await socketPair();
    const pair = await startedPair({ transports: [near, far] });
    const closed = new Promise<CloseReason>((resolve) => pair.broker.on('close', resolve));
    near.destroy();
    expect(await closed).toMatchObject({ code: 'transport-closed', by: 'transport' });
    await expect(pair.broker.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'session-lost' });
    pair.agent.close();
  });
});
