import { createHash, randomBytes } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import { tlsPair } from '../test/tls-pair.js';
import {
  createPair,
  HELLO,
  openChannel,
  readAll,
  socketPair,
  startedPair,
  until,
  writeAll,
} from '../test/session-pair.js';
import { WELCOME_VALUES } from '../test/raw-peer.js';
import { encodeFrame } from './encode.js';
import { OpenRefusedError, SessionRefusedError } from './errors.js';
import { encodeFields } from './fields.js';
import { FRAME, GOAWAY_FIELDS, WELCOME_FIELDS } from './frame.js';
import { type AdmittedHello, type CloseReason, Session } from './index.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a session', () => {
  it('is up at both ends after HELLO and WELCOME', async () => {
    let seen: AdmittedHello | undefined;
    const pair = createPair({
      transports: await socketPair(),
      admit: (hello) => {
        seen = hello;
        return Promise.resolve({ sessionId: 's-9' });
      },
    });
    const [welcome] = await Promise.all([pair.agent.start(), pair.broker.start()]);
    expect(welcome.sessionId).toBe('s-9');
    expect(seen).toMatchObject(HELLO);
    expect(seen?.skewMs).toBeLessThan(-1_000_000);
    expect([pair.agent.state, pair.broker.state]).toEqual(['open', 'open']);
    pair.close();
  });

  it('tells a refused agent the code, the detail and when to come back', async () => {
    const refuse = { code: 'revoked', detail: 'serial 7', retryAfterMs: 60_000 };
    const pair = createPair({ transports: await socketPair(), admit: () => Promise.resolve({ refuse }) });
    const [agent, broker] = await Promise.allSettled([pair.agent.start(), pair.broker.start()]);
    for (const end of [agent, broker]) {
      expect(end).toMatchObject({ status: 'rejected', reason: refuse });
      expect(end.status === 'rejected' && end.reason).toBeInstanceOf(SessionRefusedError);
    }
  });

  it('answers a failing admission with a code and no reason of its own', async () => {
    const pair = createPair({ admit: () => Promise.reject(new Error('database password')) });
    const [agent] = await Promise.allSettled([pair.agent.start(), pair.broker.start()]);
    expect(agent).toMatchObject({ reason: { code: 'admission-failed', detail: undefined } });
  });

  it('gives up on a peer that never says HELLO', async () => {
    const [near, far] = await socketPair();
    const pair = createPair({ transports: [near, far], config: { handshakeTimeoutMs: 30 } });
    await expect(pair.broker.start()).rejects.toMatchObject({ code: 'handshake-timeout' });
    near.destroy();
  });

  it.each<[string, () => Promise<[Duplex, Duplex]>]>([
    ['memory', () => Promise.resolve(duplexPair())],
    ['TCP', socketPair],
    ['TLS 1.3', tlsPair],
  ])('carries bytes both ways on 64 channels at once, unchanged, over %s', async (_, transports) => {
    const pair = await startedPair({ transports: await transports() });
    const work = Array.from({ length: 64 }, async (_, index) => {
      const [down, up] = [randomBytes(100_000 + index * 3_001), randomBytes(50_000 + index * 997)];
      const [near, far] = await openChannel(pair);
      const results = Promise.all([readAll(far), readAll(near)]);
      await Promise.all([writeAll(near, down, 9_973), writeAll(far, up, 40_009)]);
      const [gotDown, gotUp] = await results;
      expect([sha256(gotDown), sha256(gotUp)]).toEqual([sha256(down), sha256(up)]);
      return (await near.closed).code;
    });
    expect(new Set(await Promise.all(work))).toEqual(new Set(['finished']));
    await until(() => pair.agent.channelCount === 0 && pair.broker.channelCount === 0);
    pair.close();
  });

  it('refuses an OPEN with the code of the application', async () => {
    const pair = await startedPair({ onOpen: (request) => request.refuse('unknown-service', request.service) });
    const refused = await pair.broker.open({ service: 'ssh', class: 'live' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenRefusedError);
    expect(refused).toMatchObject({ code: 'unknown-service', detail: 'ssh', retryable: false });
    expect(pair.broker.channelCount).toBe(0);
    pair.close();
  });

  it('knows of a GOAWAY that came in the same read as WELCOME, before anybody could listen', async () => {
    const [near, far] = duplexPair();
    const agent = new Session({ role: 'agent', transport: near, hello: HELLO });
    const started = agent.start();
    const goaway = { reason: 'broker-stopped', lastAcceptedId: 0, drainDeadlineMs: 5_000, reconnectAfterMs: 300 };
    far.write(
      Buffer.concat([
        encodeFrame(FRAME.WELCOME, 0, 0, encodeFields(WELCOME_FIELDS, WELCOME_VALUES)),
        encodeFrame(FRAME.GOAWAY, 0, 0, encodeFields(GOAWAY_FIELDS, goaway)),
      ]),
    );
    await started;
    expect(agent.peerGoaway).toEqual(goaway);
    agent.close();
  });

  it('tells both ends why it was closed, once', async () => {
    const pair = await startedPair({ transports: await socketPair() });
    const reasons: CloseReason[] = [];
    pair.agent.on('close', (reason) => reasons.push(reason));
    pair.broker.on('close', (reason) => reasons.push(reason));
    pair.broker.close('superseded', 'instance i-2', 500);
    pair.broker.close('again');
    await until(() => reasons.length === 2);
    const told = { code: 'superseded', detail: 'instance i-2', retryAfterMs: 500 };
    expect(reasons).toEqual([
      { ...told, by: 'local' },
      { ...told, by: 'peer' },
    ]);
  });
});
