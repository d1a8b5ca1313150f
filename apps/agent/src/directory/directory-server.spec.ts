import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { timestampDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { MediaError } from '@app/media';
import { connectPinnedTls, createSiteCertificate, type SiteCertificate } from '@app/pki';
import { Code, createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { StoredEvent, WatchRequest } from '../events/index.js';
import { CommandDispatcher, CommandFault } from '../commands/index.js';
import type { SiteEntity } from '../site/entity.js';
import type { RecordingSource } from '../site/site-connector.js';
import { SiteDirectory } from '../site/site-directory.js';
import { RIGHTS, type AccountRights, type SiteAccount } from '../users/rights.js';
import { DirectoryServer, type DirectoryServerOptions } from './directory-server.js';

type Message = directory.WatchEntitiesResponse;

const camera = (remoteId: string, name = remoteId): SiteEntity => ({
  remoteId,
  kind: 'camera',
  name,
  state: 'online',
  stateReason: '',
  streams: [{ usages: ['live'], codec: 'H264', width: 1280, height: 720, frameRate: 25 }],
});

const authorization = (password = 'right'): { headers: Record<string, string> } => ({
  headers: { authorization: `Basic ${Buffer.from(`host:${password}`).toString('base64')}` },
});

/** Reads until the host is up to date. */
const take = async (watch: AsyncIterator<Message>): Promise<Message[]> => {
  const messages: Message[] = [];
  for (;;) {
    const { value, done } = await watch.next();
    if (done === true) return messages;
    const message: Message = value;
    if (message.change.case === undefined) return messages;
    messages.push(message);
  }
};

/** Of camera `a`; asked from 5 s on, its device is in trouble. */
const recordings: RecordingSource = {
  key: 'a',
  open: () => Promise.reject(new Error('not part of these tests')),
  timeline: (range) =>
    range.fromMs === 5_000
      ? Promise.reject(new MediaError('camera-silent', 'the device is silent'))
      : Promise.resolve([{ ...range, state: 'recorded' }]),
};

/** Of camera `a`; the second time its device is in trouble. */
const picture = Buffer.alloc(8 << 20, 0xff);
let taken = 0;
const snapshots = {
  take: () =>
    taken++ === 0
      ? Promise.resolve({ image: picture, takenAt: new Date(60_000) })
      : Promise.reject(new MediaError('camera-unauthorized', 'the device refuses the account')),
};

describe('DirectoryServer', () => {
  let certificate: SiteCertificate;
  let account: SiteAccount;
  let site: SiteDirectory;
  let server: DirectoryServer;
  let client: Client<typeof directory.DirectoryService>;
  const sessions: ClientHttp2Session[] = [];
  const abort = new AbortController();

  const start = async (options: Partial<DirectoryServerOptions> = {}): Promise<void> => {
    server = new DirectoryServer({
      certificate,
      siteName: () => 'Hamburg Süd',
      version: '0.1.0',
      site,
      commands: new CommandDispatcher({ site, connectors: [], record: () => undefined }),
      users: {
        verify: async (name, password) => (name === 'host' && password === 'right' ? account : undefined),
        find: async () => account,
      },
      redirector: {
        held: [],
        openPlayback: (remoteId) =>
          remoteId === 'a'
            ? { path: '/a/recording', siteTicket: 'secret', expiresAt: new Date(60_000), usage: 'recording' }
            : undefined,
        recordings: (remoteId) => (remoteId === 'a' ? recordings : undefined),
        lanAddress: '',
        open: (remoteId, usage) =>
          remoteId === 'full'
            ? 'full'
            : remoteId === 'a'
              ? { path: '/a/live', siteTicket: 'secret', expiresAt: new Date(60_000), usage }
              : undefined,
      },
      snapshots: (remoteId) => (remoteId === 'a' ? snapshots : undefined),
      ...options,
    });
    await server.start();
    const socket = await dial();
    const transport = createGrpcTransport({
      baseUrl: 'https://site',
      nodeOptions: { createConnection: () => socket },
    });
    client = createClient(directory.DirectoryService, transport);
  };

  const dial = (): ReturnType<typeof connectPinnedTls> =>
    connectPinnedTls({ host: '127.0.0.1', port: server.port, pin: certificate.pin, alpn: ['h2'], timeoutMs: 5_000 });

  beforeAll(async () => {
    certificate = await createSiteCertificate(new Date());
  });

  beforeEach(() => {
    site = new SiteDirectory();
    account = { name: 'host', rights: { allow: [...RIGHTS], level: 1 }, mark: 'all', credential: '' };
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy();
    await server.close();
    await server.close();
  });

  afterAll(() => abort.abort());

  it('says who it is and what it can do', async () => {
    await start();
    const info = await client.getInfo({}, authorization());
    expect(info).toMatchObject({ siteName: 'Hamburg Süd', version: '0.1.0', redirectorTlsPin: certificate.pin });
    expect(info.capabilities).toEqual([
      directory.Capability.ENTITIES,
      directory.Capability.LIVE_STREAMS,
      directory.Capability.PLAYBACK,
      directory.Capability.SNAPSHOTS,
      directory.Capability.COMMANDS,
    ]);
    expect(Math.abs(Number(info.time?.seconds) - Date.now() / 1_000)).toBeLessThan(5);
  });

  it('refuses a wrong or missing account on each call', async () => {
    await start();
    await expect(client.getInfo({}, authorization('wrong'))).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(client.getInfo({})).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(client.openStream({ cameraId: 'a' })).rejects.toMatchObject({ code: Code.Unauthenticated });
    const watch = client.watchEntities({}, authorization('wrong'))[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it('carries out commands for the account that proved itself, and passes on what came of them', async () => {
    const asked: unknown[] = [];
    site.upsert(camera('a'));
    await start({
      commands: {
        execute: (one) => {
          asked.push(one);
          return one.user === 'late'
            ? Promise.reject(new CommandFault('device-timeout', 'it is silent'))
            : Promise.resolve({ outcome: { outcome: 'refused', reason: 'ptz-held: by ben' }, deviceMs: 12.4 });
        },
        held: [],
        ptz: () => ({ hold: { account: 'host', user: 'ben', level: 7, until: 60_000 }, lock: undefined }),
      },
    });
    const execute = (user: string, entityId = 'a'): ReturnType<typeof client.execute> =>
      client.execute({ entityId, user, userLevel: 9, command: { case: 'ptzHome', value: {} } }, authorization());
    expect(await execute('anna')).toMatchObject({
      outcome: directory.ExecuteResponse_Outcome.REFUSED,
      reason: 'ptz-held: by ben',
      deviceTime: { seconds: 0n, nanos: 12_000_000 },
    });
    expect(asked).toEqual([
      { entityId: 'a', account: 'host', allow: RIGHTS, user: 'anna', level: 9, command: { kind: 'ptz-home' } },
    ]);
    await expect(execute('late')).rejects.toMatchObject({
      code: Code.Aborted,
      rawMessage: 'device-timeout: it is silent',
    });
    await expect(execute('anna', 'none')).rejects.toMatchObject({ code: Code.NotFound });
    await expect(client.execute({ entityId: 'a' }, authorization())).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
    await expect(client.getPtz({ cameraId: 'a' }, authorization())).rejects.toMatchObject({
      code: Code.FailedPrecondition,
    });
    site.upsert({ ...camera('dome'), ptz: true });
    expect(await client.getPtz({ cameraId: 'dome' }, authorization())).toMatchObject({
      hold: { user: 'ben', userLevel: 7 },
    });
  });

  it('gives out events where the site keeps some, and says so', async () => {
    let fails = false;
    const watch = async function* ({ account, since, types }: WatchRequest): AsyncGenerator<StoredEvent[]> {
      if (fails) throw new Error('the disk');
      const details = JSON.stringify({ account, since, types, nested: { list: [1, null, 'ü'] } });
      const one: StoredEvent = {
        sequence: 7,
        type: 't',
        sourceId: 'a',
        atMs: 1_500,
        details,
        period: 'grace',
        lostBefore: 2,
      };
      yield [one, { ...one, sequence: 9, details: '' }];
    };
    await start();
    const missing = client.watchEvents({}, authorization())[Symbol.asyncIterator]();
    await expect(missing.next()).rejects.toMatchObject({ code: Code.Unimplemented });
    await server.close();
    await start({ events: { watch } });
    expect((await client.getInfo({}, authorization())).capabilities).toContain(directory.Capability.EVENTS);
    const events: directory.WatchEventsResponse[] = [];
    const request = { sinceSequence: 5n, types: ['t'] };
    for await (const event of client.watchEvents(request, authorization())) events.push(event);
    expect(events).toMatchObject([
      {
        sequence: 7n,
        siteTime: { seconds: 1n, nanos: 500_000_000 },
        occurrencePeriod: directory.OccurrencePeriod.GRACE,
        details: { account: 'host', since: 5, types: ['t'], nested: { list: [1, null, 'ü'] } },
        lostBefore: 2n,
      },
      { sequence: 9n },
    ]);
    expect(events[1]?.details).toBeUndefined();
    fails = true;
    const unavailable = client.watchEvents({}, authorization())[Symbol.asyncIterator]();
    await expect(unavailable.next()).rejects.toMatchObject({ code: Code.Unavailable });
  });

  const restrict = (rights: Partial<AccountRights>): void => {
    account = { ...account, rights: { ...account.rights, ...rights }, mark: JSON.stringify(rights) };
  };

  it('lets an account do what its rights allow, and says which one is missing', async () => {
    await start();
    site.upsert(camera('a'));
    restrict({ allow: [] });
    const calls = {
      live: () => client.openStream({ cameraId: 'a' }, authorization()),
      playback: () => client.openStream({ cameraId: 'a', playback: {} }, authorization()),
      snapshot: () => client.getSnapshot({ cameraId: 'a' }, authorization()),
      events: () => client.watchEvents({}, authorization())[Symbol.asyncIterator]().next(),
    };
    const commands = {
      ptz: { case: 'ptzHome', value: {} },
      outputs: { case: 'setOutput', value: {} },
      recording: { case: 'setRecording', value: {} },
      alarms: { case: 'acknowledgeAlarm', value: { alarmId: '7' } },
    } as const;
    expect([...Object.keys(calls), ...Object.keys(commands)].toSorted()).toEqual(RIGHTS.toSorted());
    for (const [right, call] of Object.entries(calls)) {
      await expect(call()).rejects.toMatchObject({
        code: Code.PermissionDenied,
        rawMessage: `right-missing: the account host lacks the right ${right}`,
      });
    }
    for (const [right, command] of Object.entries(commands)) {
      expect(await client.execute({ entityId: 'a', command }, authorization())).toMatchObject({
        outcome: directory.ExecuteResponse_Outcome.REFUSED,
        reason: `not-permitted: the account of the host may not do this (${right})`,
      });
    }
    await expect(client.getTimeline({ cameraId: 'a' }, authorization())).rejects.toMatchObject({
      code: Code.PermissionDenied,
    });
    expect((await client.getInfo({}, authorization())).capabilities).toEqual([directory.Capability.ENTITIES]);
    restrict({ allow: ['live'] });
    expect(await calls.live()).toMatchObject({ path: '/a/live' });
    await expect(calls.playback()).rejects.toMatchObject({ code: Code.PermissionDenied });
    expect((await client.getInfo({}, authorization())).capabilities).toEqual([
      directory.Capability.ENTITIES,
      directory.Capability.LIVE_STREAMS,
    ]);
  });

  it('shows an account its cameras and areas, and answers to the others as if they were not there', async () => {
    await start({ limits: { accountCheckMs: 20 } });
    const area = (remoteId: string, parentId?: string): SiteEntity => {
      return { ...camera(remoteId), kind: 'area', parentId, streams: [] };
    };
    for (const entity of [area('house'), area('hall', 'house'), area('yard', 'house')]) site.upsert(entity);
    for (const [id, parentId] of Object.entries({ a: 'hall', b: 'yard', c: 'yard', d: '' }))
      site.upsert({ ...camera(id), parentId });
    restrict({ areas: ['hall'], cameras: ['c'] });
    const told = (messages: Message[]): string[] =>
      messages.flatMap(({ change }) =>
        change.case === 'upsert' ? [change.value.remoteId] : change.case === 'removed' ? [`-${change.value}`] : [],
      );
    const watch = client.watchEntities({}, authorization())[Symbol.asyncIterator]();
    expect(told(await take(watch))).toEqual(['house', 'hall', 'yard', 'a', 'c']);
    for (const cameraId of ['b', 'd', 'nowhere']) {
      await expect(client.openStream({ cameraId }, authorization())).rejects.toMatchObject({
        code: Code.NotFound,
        rawMessage: 'the site has no such camera',
      });
    }
    const command = { case: 'acknowledgeAlarm', value: { alarmId: 'b' } } as const;
    const hidden = client.execute({ entityId: 'a', command }, authorization());
    await expect(hidden).rejects.toMatchObject({ code: Code.NotFound });
    // Not seen and never told of, into the sight, out of it.
    site.upsert({ ...camera('d', 'Other'), parentId: '' });
    site.upsert({ ...camera('b'), parentId: 'hall' });
    site.upsert({ ...camera('a'), parentId: 'yard' });
    const changes: string[] = [];
    while (changes.length < 2) changes.push(...told(await take(watch)));
    expect(changes).toEqual(['b', '-a']);
    // The tree moves: what has not changed itself comes into sight.
    site.upsert(area('yard', 'hall'));
    expect(told(await take(watch)).toSorted()).toEqual(['a', 'yard']);
  });

  it('tells an account the events of what it sees, and what was lost before those it does not see', async () => {
    const rest = { type: 't', atMs: 0, details: '', period: 'online' } as const;
    const event = (sequence: number, sourceId: string, lostBefore: number): StoredEvent => ({
      ...rest,
      ...{ sequence, sourceId, lostBefore },
    });
    const all = [event(1, 'a', 0), event(2, 'b', 3), event(3, 'gone', 0), event(5, '', 1), event(6, 'a', 0)];
    const watch = async function* (_request: WatchRequest, signal: AbortSignal): AsyncGenerator<StoredEvent[]> {
      yield all;
      await once(signal, 'abort');
    };
    await start({ events: { watch }, limits: { accountCheckMs: 20 } });
    for (const id of ['a', 'b']) site.upsert(camera(id));
    restrict({ cameras: ['a'] });
    const events = client.watchEvents({}, authorization())[Symbol.asyncIterator]();
    const told: unknown[] = [];
    for (let taken = 0; taken < 3; taken += 1) told.push((await events.next()).value);
    expect(told).toMatchObject([
      { sequence: 1n, lostBefore: 0n },
      { sequence: 5n, lostBefore: 4n, sourceId: '' },
      { sequence: 6n, lostBefore: 0n },
    ]);
    restrict({ cameras: ['b'] });
    await expect(events.next()).rejects.toMatchObject({ code: Code.Aborted });
  });

  it('ends a watch when its account is changed, and begins the next one anew', async () => {
    await start({ limits: { accountCheckMs: 20 } });
    for (const id of ['a', 'b']) site.upsert(camera(id));
    const watch = client.watchEntities({}, authorization())[Symbol.asyncIterator]();
    await take(watch);
    const sinceRevision = BigInt(site.revision);
    restrict({ cameras: ['a'] });
    await expect(watch.next()).rejects.toMatchObject({ code: Code.Aborted });
    const cases = (messages: Message[]): unknown[] => messages.map(({ change }) => change.case);
    const next = client.watchEntities({ sinceRevision }, authorization())[Symbol.asyncIterator]();
    expect(cases(await take(next))).toEqual(['snapshotBegin', 'upsert', 'snapshotEnd']);
    restrict({ cameras: undefined });
    await expect(next.next()).rejects.toMatchObject({ code: Code.Aborted });
    const wide = client.watchEntities({ sinceRevision }, authorization())[Symbol.asyncIterator]();
    expect(cases(await take(wide))).toEqual(['snapshotBegin', 'upsert', 'upsert', 'snapshotEnd']);
    const again = client.watchEntities({ sinceRevision: BigInt(site.revision) }, authorization());
    void wide.return?.();
    await expect(again[Symbol.asyncIterator]().next()).resolves.toMatchObject({ value: { change: {} } });
  });

  it('opens recordings, and tells a camera without any from one that is not there', async () => {
    await start();
    site.upsert({ remoteId: 'b', kind: 'camera', name: 'b', state: 'online', stateReason: '', streams: [] });
    const open = (cameraId: string): ReturnType<typeof client.openStream> =>
      client.openStream({ cameraId, playback: {} }, authorization());
    expect(await open('a')).toMatchObject({ path: '/a/recording', usage: directory.StreamUsage.RECORDING });
    await expect(open('b')).rejects.toMatchObject({ code: Code.FailedPrecondition });
    await expect(open('none')).rejects.toMatchObject({ code: Code.NotFound });
  });

  it('gives a timeline, and the trouble of the recording device as such', async () => {
    await start();
    const ask = (fromMs: number, toMs: number): ReturnType<typeof client.getTimeline> =>
      client.getTimeline(
        { cameraId: 'a', range: { start: timestampFromMs(fromMs), end: timestampFromMs(toMs) } },
        authorization(),
      );
    const { spans } = await ask(0, 10_000);
    expect(spans.map(({ state, range }) => [state, range?.start?.seconds, range?.end?.seconds])).toEqual([
      [directory.TimelineSpan_State.RECORDED, 0n, 10n],
    ]);
    await expect(ask(10, 10)).rejects.toMatchObject({ code: Code.InvalidArgument });
    await expect(ask(0, 400 * 86_400_000)).rejects.toMatchObject({ code: Code.InvalidArgument });
    await expect(client.getTimeline({ cameraId: 'a' }, authorization())).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
    await expect(ask(5_000, 6_000)).rejects.toMatchObject({
      code: Code.Aborted,
      rawMessage: expect.stringMatching(/^camera-silent: /),
    });
  });

  it('tells a host only of the kinds that it asks for', async () => {
    await start();
    const area: SiteEntity = { ...camera('hall'), kind: 'area', parentId: 'house', streams: [] };
    site.upsert(camera('a'));
    site.upsert(area);
    const watch = client.watchEntities({ kinds: [directory.EntityKind.AREA] }, authorization())[Symbol.asyncIterator]();
    const upserts = (await take(watch)).flatMap(({ change }) => (change.case === 'upsert' ? [change.value] : []));
    expect(upserts).toMatchObject([{ remoteId: 'hall', kind: directory.EntityKind.AREA, parentId: 'house' }]);
    expect(upserts[0].camera).toBeUndefined();
    site.upsert({ ...area, kind: 'zone' });
    expect((await take(watch)).map(({ change }) => change)).toEqual([{ case: 'removed', value: 'hall' }]);
  });

  it('sends a snapshot, then changes as they happen', async () => {
    site.upsert(camera('a'));
    await start();
    const watch = client.watchEntities({}, authorization())[Symbol.asyncIterator]();
    const snapshot = await take(watch);
    expect(snapshot.map((message) => message.change.case)).toEqual(['snapshotBegin', 'upsert', 'snapshotEnd']);
    expect(snapshot[1]?.change.value).toMatchObject({ remoteId: 'a', kind: directory.EntityKind.CAMERA });
    site.upsert(camera('b'));
    site.remove('a');
    const changes = await take(watch);
    expect(changes.map((message) => message.change.value)).toMatchObject([{ remoteId: 'b' }, 'a']);
    expect(changes.at(-1)?.revision).toBe(BigInt(site.revision));
    await watch.return?.();
  });

  it('goes on from a revision without a new snapshot', async () => {
    site.upsert(camera('a'));
    await start();
    const sinceRevision = BigInt(site.revision);
    site.upsert(camera('b'));
    const watch = client.watchEntities({ sinceRevision }, authorization())[Symbol.asyncIterator]();
    expect((await take(watch)).map((message) => message.change.value)).toMatchObject([{ remoteId: 'b' }]);
    await watch.return?.();
    const foreign = client.watchEntities({ sinceRevision: 7n }, authorization())[Symbol.asyncIterator]();
    expect((await take(foreign)).at(0)?.change.case).toBe('snapshotBegin');
    await foreign.return?.();
  });

  it('opens a stream of a camera that exists', async () => {
    await start();
    const opened = await client.openStream({ cameraId: 'a', usage: directory.StreamUsage.LOW_RES }, authorization());
    expect(opened).toMatchObject({ path: '/a/live', siteTicket: 'secret', usage: directory.StreamUsage.LOW_RES });
    await expect(client.openStream({ cameraId: 'b' }, authorization())).rejects.toMatchObject({ code: Code.NotFound });
    const full = client.openStream({ cameraId: 'full' }, authorization());
    await expect(full).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  it('refuses a message above its cap', async () => {
    await start({ limits: { maxMessageBytes: 1_024 } });
    const huge = client.openStream({ cameraId: 'a'.repeat(2_000) }, authorization());
    await expect(huge).rejects.toMatchObject({ code: Code.ResourceExhausted });
    await expect(client.getInfo({}, authorization())).resolves.toMatchObject({ version: '0.1.0' });
  });

  it('cuts a connection that proves no account in time', async () => {
    await start({ limits: { authenticationTimeoutMs: 50 } });
    const socket = await dial();
    const session = connect('https://site', { createConnection: () => socket });
    session.on('error', () => undefined);
    sessions.push(session);
    await once(session, 'close', { signal: AbortSignal.timeout(3_000) });
    expect(session.destroyed).toBe(true);
  });

  it('keeps a connection that has proved one', async () => {
    await start({ limits: { authenticationTimeoutMs: 50 } });
    const watch = client.watchEntities({}, authorization())[Symbol.asyncIterator]();
    await take(watch);
    const other = await dial();
    await once(other.resume(), 'close', { signal: AbortSignal.timeout(3_000) });
    site.upsert(camera('late'));
    expect((await take(watch))[0]?.change.value).toMatchObject({ remoteId: 'late' });
    await watch.return?.();
  });

  it('is not reached by a client that expects another key', async () => {
    await start();
    const other = await createSiteCertificate(new Date());
    const dialled = connectPinnedTls({ host: '127.0.0.1', port: server.port, pin: other.pin, timeoutMs: 5_000 });
    await expect(dialled).rejects.toMatchObject({ code: 'tls-pin-mismatch' });
  });

  it('gives a still picture of the largest size whole, and says why there is none', async () => {
    await start();
    const { image, mediaType, takenAt } = await client.getSnapshot({ cameraId: 'a' }, authorization());
    expect([Buffer.from(image).equals(picture), mediaType]).toEqual([true, 'image/jpeg']);
    expect(takenAt && timestampDate(takenAt)).toEqual(new Date(60_000));
    await expect(client.getSnapshot({ cameraId: 'a' }, authorization())).rejects.toMatchObject({
      code: Code.Aborted,
      rawMessage: 'camera-unauthorized: the device refuses the account',
    });
    await expect(client.getSnapshot({ cameraId: 'none' }, authorization())).rejects.toMatchObject({
      code: Code.NotFound,
    });
    await expect(client.getSnapshot({ cameraId: 'x'.repeat(201) }, authorization())).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
  });
});
