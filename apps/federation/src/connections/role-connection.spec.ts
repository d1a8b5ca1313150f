import { once, EventEmitter } from 'node:events';
import { create } from '@bufbuild/protobuf';
import { directory, DomainError, type RoleState } from '@app/contracts';
import { createLogger } from '@app/runtime';
import { DialError } from '@app/tunnel-dialer';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Contact, SiteInfo } from './directory-session.js';
import {
  type ConnectedRole,
  RoleConnection,
  type RoleConnectionOptions,
  type RoleConnectionPorts,
} from './role-connection.js';

type Message = directory.WatchEntitiesResponse;
type WatchRequest = Parameters<Contact['watch']>[0];

const INFO: SiteInfo = {
  siteName: 'Site',
  version: '0.1.0',
  clockSkewMs: 5,
  redirectorAddress: '',
  capabilities: ['entities'],
};
const ROLE: ConnectedRole = {
  tenantId: 't',
  siteId: 's',
  roleId: 'r',
  generation: 1,
  siteLabel: 'hamburg',
  address: 'directory.hamburg.tunnel.adit.internal',
  isTunnelled: true,
  resilient: false,
  reconnectionTimeoutMs: 60_000,
  federatesAlarms: true,
  way: 'w',
  entityKinds: [],
};
const UP_TO_DATE = create(directory.WatchEntitiesResponseSchema, { revision: 7n });
const upsert = (remoteId: string): Message =>
  create(directory.WatchEntitiesResponseSchema, {
    revision: 8n,
    change: { case: 'upsert', value: create(directory.EntitySchema, { remoteId }) },
  });

/** A site that says what the test tells it to, until the test breaks the contact. */
class FakeContact implements Contact {
  readonly pin = 'pin';
  readonly info: SiteInfo;
  readonly asked: bigint[] = [];
  closed = false;
  kinds: directory.EntityKind[] | undefined;
  breakDown: () => void = () => undefined;
  readonly ended = new Promise<void>((resolve) => (this.breakDown = resolve));

  constructor(
    private readonly messages: Message[] = [UP_TO_DATE],
    info: Partial<SiteInfo> = {},
  ) {
    this.info = { ...INFO, ...info };
  }

  check(): Promise<SiteInfo> {
    return Promise.resolve(this.info);
  }

  async *watch({ sinceRevision, kinds }: WatchRequest, signal: AbortSignal): AsyncIterable<Message> {
    this.asked.push(sinceRevision);
    this.kinds = kinds;
    yield* this.messages;
    await once(signal, 'abort');
  }

  openStream(): Promise<directory.OpenStreamResponse> {
    return Promise.reject(new Error('not part of these tests'));
  }

  openPlayback(): Promise<directory.OpenStreamResponse> {
    return this.openStream();
  }

  watchEvents(): AsyncIterable<directory.WatchEventsResponse> {
    throw new Error('not part of these tests');
  }

  execute(): Promise<directory.ExecuteResponse> {
    return Promise.reject(new Error('not part of these tests'));
  }

  ptz(): Promise<directory.GetPtzResponse> {
    return Promise.reject(new Error('not part of these tests'));
  }

  snapshot(): Promise<directory.GetSnapshotResponse> {
    return Promise.reject(new Error('not part of these tests'));
  }

  timeline(): Promise<directory.TimelineSpan[]> {
    return Promise.reject(new Error('not part of these tests'));
  }

  close(): void {
    this.closed = true;
  }
}

describe('RoleConnection', () => {
  const events = new EventEmitter();
  let connection: RoleConnection;
  let states: RoleState[];
  let written: string[];

  const start = (
    open: RoleConnectionPorts['open'],
    {
      role = {},
      ports = {},
      options = {},
    }: {
      role?: Partial<ConnectedRole>;
      ports?: Partial<RoleConnectionPorts>;
      options?: Partial<RoleConnectionOptions>;
    } = {},
  ): void => {
    const all: RoleConnectionPorts = {
      open,
      revision: () => Promise.resolve(7n),
      store: {
        replace: () => Promise.resolve(),
        apply: (_owner, changes) => Promise.resolve(void written.push(...changes.keys())),
      },
      events: () => new Promise<never>(() => undefined),
      stateChanged: (state) => {
        states.push(state);
        events.emit('state');
      },
      contacted: () => undefined,
      settled: () => Promise.resolve(),
      logger: createLogger('test', 'silent'),
      ...ports,
    };
    const fast = { firstMs: 1, maxMs: 5, refusedMs: 5, storeRetryMs: 1, ...options };
    connection = new RoleConnection({ ...ROLE, ...role }, all, fast);
    connection.start();
  };

  const until = async (state: RoleState): Promise<void> => {
    const signal = AbortSignal.timeout(3_000);
    while (connection.state !== state) await once(events, 'state', { signal });
  };

  beforeEach(() => {
    states = [];
    written = [];
  });

  afterEach(() => connection.close());

  it('asks for the kinds of entities that the role federates', async () => {
    const contact = new FakeContact();
    start(() => Promise.resolve(contact), { role: { entityKinds: [directory.EntityKind.DOOR] } });
    await until('connected');
    expect(contact.kinds).toEqual([directory.EntityKind.DOOR]);
  });

  it.each([
    [3_600_400, 'clock-skew: the clock of the site is 3600 s ahead'],
    [-90_000, 'clock-skew: the clock of the site is 90 s behind'],
    [9_999, null],
  ])('is connected all the same when the clock of the site is %d ms off, and says so', async (clockSkewMs, reason) => {
    start(() => Promise.resolve(new FakeContact([UP_TO_DATE], { clockSkewMs })));
    await until('connected');
    expect(connection.reason).toBe(reason);
  });

  it('connects, asks from the revision it has, and is connected when the site says so', async () => {
    const contact = new FakeContact([upsert('a'), UP_TO_DATE]);
    start(() => Promise.resolve(contact));
    await until('connected');
    expect(states).toEqual(['connecting', 'synchronizing', 'connected']);
    expect(contact.asked).toEqual([7n]);
    expect(written).toEqual(['a']);
    expect(connection.session).toBe(contact);
  });

  it('logs why there is no contact once, and again when the reason is another', async () => {
    const lines: unknown[] = [];
    const logger = createLogger('test', 'silent');
    jest.spyOn(logger, 'warn').mockImplementation((members: unknown) => void lines.push(members));
    let attempts = 0;
    start(
      () => {
        attempts += 1;
        events.emit('state');
        return Promise.reject(new DialError(attempts < 4 ? 'site-offline' : 'site-unknown', 'x'));
      },
      { ports: { logger } },
    );
    while (attempts < 6) await once(events, 'state', { signal: AbortSignal.timeout(3_000) });
    expect(lines).toMatchObject([{ code: 'site-offline' }, { code: 'site-unknown' }]);
  });

  it('tells an offline site from an unreachable one, and from a refused account', async () => {
    const answers = [
      new DialError('site-offline', 'no agent'),
      new ConnectError('gone', Code.Unavailable),
      new ConnectError('who', Code.Unauthenticated),
    ];
    const reasons: (string | null)[] = [];
    start(() => Promise.reject(answers.shift() ?? new DialError('site-offline', 'no agent')), {
      ports: {
        stateChanged: (state, reason) => {
          states.push(state);
          reasons.push(reason?.split(':')[0] ?? null);
          events.emit('state');
        },
      },
    });
    await until('invalid-credentials');
    expect(reasons).toEqual([null, 'site-offline', 'site-unreachable', 'invalid-credentials']);
    expect(states).toEqual(['connecting', 'connection-failed', 'connection-failed', 'invalid-credentials']);
  });

  it('comes back by itself when the contact breaks, with a new contact', async () => {
    const contacts = [new FakeContact(), new FakeContact()];
    let opened = 0;
    start(() => Promise.resolve(contacts[opened++] ?? new FakeContact()));
    await until('connected');
    contacts[0]?.breakDown();
    await until('connection-failed');
    await until('connected');
    expect(contacts[0]?.closed).toBe(true);
    expect(connection.session).toBe(contacts[1]);
  });

  it('does not wait out its back-off when it is told that something changed', async () => {
    let isUp = false;
    start(() => (isUp ? Promise.resolve(new FakeContact()) : Promise.reject(new DialError('site-offline', ''))), {
      options: { firstMs: 60_000, maxMs: 60_000 },
    });
    await until('connection-failed');
    isUp = true;
    setImmediate(() => connection.kick());
    await until('connected');
  });

  it('keeps a resilient role in warning while its time runs, and no longer', async () => {
    const contact = new FakeContact();
    let opened = 0;
    start(() => (opened++ === 0 ? Promise.resolve(contact) : Promise.reject(new DialError('site-offline', ''))), {
      role: { resilient: true, reconnectionTimeoutMs: 40 },
    });
    await until('connected');
    contact.breakDown();
    await until('warning');
    await until('connection-failed');
    expect(states).not.toContain('disabled');
  });

  it('holds the site back while the database is away, and loses nothing', async () => {
    const contact = new FakeContact([upsert('a'), upsert('b'), UP_TO_DATE]);
    let outages = 3;
    const store = {
      replace: () => Promise.resolve(),
      apply: (_owner: unknown, changes: ReadonlyMap<string, unknown>) =>
        outages-- > 0
          ? Promise.reject(new DomainError('unavailable', 'away'))
          : Promise.resolve(void written.push(...changes.keys())),
    };
    start(() => Promise.resolve(contact), { ports: { store } });
    await until('connected');
    expect(written).toEqual(['a', 'b']);
    expect(contact.asked).toHaveLength(1);
  });

  it('ends its contact when it is closed', async () => {
    const contact = new FakeContact();
    start(() => Promise.resolve(contact));
    await until('connected');
    await connection.close();
    await connection.close();
    expect(contact.closed).toBe(true);
    expect(connection.session).toBeUndefined();
  });
});
