import { randomBytes } from 'node:crypto';
import { openChannel, readAll, socketPair, startedPair, until, writeAll } from '../test/session-pair.js';

describe('a channel', () => {
  it('finishes each direction by itself', async () => {
    const pair = await startedPair();
    const [near, far] = await openChannel(pair);
    const request = readAll(far);
    near.write(Buffer.from('request'));
    near.end();
    expect((await request).toString()).toBe('request');
    expect([near.sendEnded, near.receiveEnded, far.receiveEnded, far.sendEnded]).toEqual([true, false, true, false]);
    const answer = readAll(near);
    await writeAll(far, Buffer.from('answer'));
    expect((await answer).toString()).toBe('answer');
    expect(await near.closed).toEqual({ code: 'finished', bytesSent: 7, bytesReceived: 6 });
    expect(() => near.write(Buffer.from('late'))).toThrow('write after end');
    pair.close();
  });

  it('keeps bytes and FIN for handlers that are set later', async () => {
    const pair = await startedPair();
    const [near, far] = await openChannel(pair);
    near.write(Buffer.from('early'));
    near.end();
    await until(() => far.receiveEnded);
    expect((await readAll(far)).toString()).toBe('early');
    pair.close();
  });

  it('is cut at both ends by a reset, with its code, and leaves the others alone', async () => {
    const pair = await startedPair();
    const [near, far] = await openChannel(pair);
    const [other, otherFar] = await openChannel(pair);
    const codes: string[] = [];
    near.onReset = (code) => codes.push(`near ${code}`);
    far.onReset = (code) => codes.push(`far ${code}`);
    far.reset('dropped');
    expect((await near.closed).code).toBe('dropped');
    expect((await far.closed).code).toBe('dropped');
    expect(codes.toSorted()).toEqual(['far dropped', 'near dropped']);
    await until(() => pair.agent.channelCount === 1 && pair.broker.channelCount === 1);
    const got = readAll(otherFar);
    await writeAll(other, Buffer.from('alive'));
    expect((await got).toString()).toBe('alive');
    pair.close();
  });

  it('ends in order at both ends when both reset it at the same moment', async () => {
    const pair = await startedPair();
    const [near, far] = await openChannel(pair);
    near.reset('a');
    far.reset('b');
    await until(() => pair.agent.channelCount === 0 && pair.broker.channelCount === 0);
    expect([(await near.closed).code, (await far.closed).code]).toEqual(['a', 'b']);
    expect([pair.agent.state, pair.broker.state]).toEqual(['open', 'open']);
    pair.close();
  });

  it('that is not read costs its window and does not slow the others', async () => {
    const pair = await startedPair({ transports: await socketPair(), config: { windowBytes: 65_536 } });
    const [stalled, unread] = await openChannel(pair);
    const big = randomBytes(1_000_000);
    unread.onData = () => undefined;
    while (stalled.write(big.subarray(0, 50_000)));
    await until(() => unread.bytesReceived === 65_536);
    const [near, far] = await openChannel(pair);
    const got = readAll(far);
    await writeAll(near, big);
    expect((await got).equals(big)).toBe(true);
    expect([stalled.bytesSent, unread.bytesReceived]).toEqual([65_536, 65_536]);
    pair.close();
  });

  it('whose writer ignores backpressure is reset at the cap', async () => {
    const pair = await startedPair({
      config: { sendBufferBytes: 10_000, sendBufferLimitBytes: 50_000, windowBytes: 65_536 },
    });
    const [near, far] = await openChannel(pair);
    while (near.resetReason === undefined) near.write(Buffer.alloc(8_000));
    expect((await far.closed).code).toBe('send-overflow');
    pair.close();
  });

  it('grows its window when the reader keeps up, within the budget of the session', async () => {
    const config = { windowBytes: 65_536, maxWindowBytes: 524_288, budgetBytes: 1_048_576 };
    const pair = await startedPair({ transports: await socketPair(), config });
    await until(() => pair.agent.rttMs !== undefined);
    const [near, far] = await openChannel(pair);
    const got = readAll(far);
    await writeAll(near, randomBytes(8_000_000), 65_536);
    await got;
    expect(far.window.size).toBeGreaterThan(65_536);
    expect(far.window.size).toBeLessThanOrEqual(524_288);
    pair.close();
  });
});

describe('opening a channel', () => {
  it('is refused with over-capacity beyond the peer’s number of channels', async () => {
    const pair = await startedPair({ config: { maxChannels: 2 } });
    await openChannel(pair);
    await openChannel(pair);
    await expect(pair.broker.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'over-capacity' });
    pair.close();
  });

  it('is refused with over-capacity when the peer cannot promise 64 KiB', async () => {
    const pair = await startedPair({ agentConfig: { budgetBytes: 150_000 } });
    await openChannel(pair);
    await openChannel(pair);
    await expect(pair.broker.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'over-capacity' });
    pair.close();
  });

  it('that nobody answers ends with open-timeout and tells the acceptor to stop', async () => {
    const pair = await startedPair();
    const opening = pair.broker.open({ service: 'slow', class: 'live', timeoutMs: 20 });
    const request = await pair.nextRequest();
    await expect(opening).rejects.toMatchObject({ code: 'open-timeout' });
    await until(() => request.signal.aborted);
    expect((await request.accept().closed).code).toBe('cancelled');
    await until(() => pair.agent.channelCount === 0 && pair.broker.channelCount === 0);
    expect([pair.agent.state, pair.broker.state]).toEqual(['open', 'open']);
    pair.close();
  });

  it('that the application forgets is refused with dial-timeout', async () => {
    const pair = await startedPair({ config: { acceptTimeoutMs: 20 } });
    await expect(pair.broker.open({ service: 'slow', class: 'live' })).rejects.toMatchObject({ code: 'dial-timeout' });
    pair.close();
  });

  it('carries service, class, label and trace context', async () => {
    const pair = await startedPair();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const opening = pair.broker.open({ service: 'directory', class: 'control', label: 'Müller', traceparent });
    const request = await pair.nextRequest();
    expect(request).toMatchObject({ service: 'directory', class: 'control', label: 'Müller', traceparent });
    request.refuse('not-allowed');
    await expect(opening).rejects.toMatchObject({ code: 'not-allowed' });
    pair.close();
  });

  it('works from the agent to the broker as well, without mixing up ids', async () => {
    const pair = await startedPair({ brokerOnOpen: (request) => request.accept() });
    const channel = await pair.agent.open({ service: 'broker', class: 'control' });
    const [near] = await openChannel(pair);
    expect([channel.id % 2, near.id % 2]).toEqual([0, 1]);
    pair.close();
  });
});
