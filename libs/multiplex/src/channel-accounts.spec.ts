import { ResumableRig } from '../test/resumable-pair.js';
import { openChannel, readAll, startedPair, until, writeAll } from '../test/session-pair.js';

const BYTES = 100_000;

describe('the accounts of a session', () => {
  it('are kept by class, at both ends, and outlast the channels', async () => {
    const pair = await startedPair();
    const { agent, broker } = pair;
    for (const name of ['live', 'live', 'bulk'] as const) {
      const [near, far] = await openChannel(pair, name);
      const read = readAll(near);
      near.end();
      await writeAll(far, Buffer.alloc(BYTES));
      await read;
    }
    await until(() => broker.channelCount === 0 && agent.channelCount === 0);
    const sent = { channels: 0, channelsOpened: 2, channelsEnded: 2, bytesSent: 2 * BYTES, bytesReceived: 0 };
    expect(agent.stats.classes.live).toMatchObject({ ...sent, queuedBytes: 0, queueAgeMs: 0, resets: {} });
    expect(broker.stats.classes.live).toMatchObject({ bytesSent: 0, bytesReceived: 2 * BYTES, channelsEnded: 2 });
    expect(broker.stats.classes.bulk).toMatchObject({ channelsOpened: 1, bytesReceived: BYTES });
    expect(broker.stats.classes.control).toMatchObject({ channelsOpened: 0, bytesReceived: 0 });
    pair.close();
  });

  it('count a reset once, by its code, foreign codes together, and not what was refused', async () => {
    const pair = await startedPair();
    for (const code of ['cancelled', 'cancelled', 'an-application-s-own']) {
      const [near, far] = await openChannel(pair);
      near.reset(code);
      await until(() => far.resetReason !== undefined);
    }
    const refused = pair.broker.open({ service: 'none', class: 'live' });
    refused.catch(() => undefined);
    (await pair.nextRequest()).refuse('unknown-service');
    await expect(refused).rejects.toMatchObject({ code: 'unknown-service' });
    await openChannel(pair);
    pair.close();
    for (const { stats } of [pair.agent, pair.broker]) {
      expect(stats.classes.live).toMatchObject({ channels: 0, channelsOpened: 4, channelsEnded: 4 });
      expect(stats.classes.live.resets).toEqual({ cancelled: 2, other: 1, 'session-lost': 1 });
    }
  });

  it('show open channels, what waits in them and for how long', async () => {
    const pair = await startedPair({ config: { windowBytes: 65_536, maxWindowBytes: 65_536 } });
    const [, far] = await openChannel(pair, 'bulk');
    for (let chunk = 0; chunk < 8; chunk += 1) far.write(Buffer.alloc(16_384));
    await until(() => far.bytesSent === 65_536);
    const begin = performance.now();
    await until(() => performance.now() - begin > 20);
    const [info, ...more] = pair.agent.channels();
    expect(more).toEqual([]);
    expect(info).toMatchObject({ service: 'echo', class: 'bulk', bytesSent: 65_536, queuedBytes: 65_536 });
    expect(info?.queueAgeMs).toBeGreaterThanOrEqual(20);
    const { bulk, live } = pair.agent.stats.classes;
    expect(bulk).toMatchObject({ channels: 1, queuedBytes: 65_536 });
    expect(bulk.queueAgeMs).toBeGreaterThanOrEqual(20);
    expect(live).toMatchObject({ channels: 0, queuedBytes: 0, queueAgeMs: 0 });
    pair.close();
    expect(pair.agent.channels()).toEqual([]);
  });

  it('count what a lost lane made necessary again, also once its channel is over', async () => {
    const rig = await ResumableRig.start();
    const [near, far] = await rig.channel('bulk');
    const read = readAll(near);
    near.end();
    const written = writeAll(far, Buffer.alloc(40 * BYTES));
    for (const link of rig.links) link.silent = true;
    await until(() => far.bytesSent > 10_000);
    rig.cutAll();
    await until(() => rig.agent.suspended);
    await rig.attach('resume');
    await Promise.all([written, read]);
    await until(() => rig.agent.channelCount === 0);
    const { classes, bytesResent } = rig.agent.stats;
    expect(bytesResent).toBeGreaterThan(10_000);
    expect(classes.bulk).toMatchObject({ bytesSent: 40 * BYTES, bytesResent });
    expect(rig.broker.stats.classes.bulk.bytesReceived).toBe(40 * BYTES);
    rig.close();
  }, 20_000);
});
