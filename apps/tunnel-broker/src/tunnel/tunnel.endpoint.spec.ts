import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type AdmittedHello, Session } from '@app/multiplex';
import type { AgentAdmission, Database, NewTunnelSession, TunnelSessionRepository } from '@app/persistence';
import type { AppLogger, MessageClient } from '@app/runtime';
import { controlAnswers } from '../control/control-answers.js';
import { ControlService } from '../control/control.service.js';
import type { Peer } from '../listener/peer.js';
import type { Outcome, Visit } from '../listener/visit.js';
import { TunnelMetrics } from '../metrics/tunnel.metrics.js';
import type { AdmissionService, Joining } from './admission.service.js';
import { DrainService } from './drain.service.js';
import { AdmissionRefused } from './refusal.js';
import { SessionCertificates } from './session-certificates.js';
import { SessionJournal } from './session-journal.js';
import { type LiveSession, SessionRegistry } from './session-registry.js';
import { TunnelEndpoint } from './tunnel.endpoint.js';

const AGENT = { tenantId: 't', siteId: 's', siteLabel: 'label', agentId: 'a', serial: '01' };
const RECORD = { ...AGENT, notAfter: new Date(Date.now() + 3_600_000) } as AgentAdmission;
const HELLO = { instanceId: 'i', agentVersion: '1', platform: 'p', wallClockMs: 0 };
const LOGGER = { info: () => undefined, debug: () => undefined, error: () => undefined } as unknown as AppLogger;

/** A promise that a test settles. */
const deferred = <T>(): { promise: Promise<T>; resolve: (value: T) => void } => {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
};

/** Holds up who comes there until it is opened. */
class Barrier {
  readonly reached = deferred<void>();
  readonly opened = deferred<void>();

  async pass(): Promise<void> {
    this.reached.resolve();
    await this.opened.promise;
  }

  static open(): Barrier {
    const barrier = new Barrier();
    barrier.opened.resolve();
    return barrier;
  }
}

/** All promises that are settled have told those who wait for them. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An endpoint with what is behind it: a database that can be slow at three points, and the verdicts of an admission. */
class Broker {
  readonly registry = new SessionRegistry();
  readonly metrics = new TunnelMetrics(this.registry);
  /** Rows that were committed, with the reason of their end. */
  readonly rows = new Map<string, string | undefined>();
  readonly readmitted: (LiveSession | undefined)[] = [];
  judging = Barrier.open();
  opening = Barrier.open();
  committing = Barrier.open();
  superseded: string[] = [];
  verdict: () => Joining | undefined = () => ({ serial: AGENT.serial });
  private readonly endpoint: TunnelEndpoint;

  constructor() {
    const database = {
      inTenant: async (_tenant: string, work: (tx: unknown) => Promise<unknown>) => {
        const written: [string, string | undefined][] = [];
        const result = await work(written);
        await this.committing.pass();
        for (const [id, reason] of written) this.rows.set(id, reason);
        return result;
      },
    };
    const sessions = {
      open: async (tx: [string, undefined][], { id }: NewTunnelSession) => {
        await this.opening.pass();
        tx.push([id, undefined]);
        return this.superseded;
      },
      setCertificate: () => Promise.resolve(),
      close: (tx: [string, string][], id: string, reason: string) => Promise.resolve(void tx.push([id, reason])),
    };
    const admission = {
      admit: (_peer: Peer, _hello: AdmittedHello) => this.judging.pass().then(() => RECORD),
      recheck: () => Promise.resolve(RECORD),
      readmit: async (_peer: Peer, live: LiveSession | undefined) => {
        this.readmitted.push(live);
        await this.judging.pass();
        return this.verdict();
      },
    };
    const journal = new SessionJournal(
      database as unknown as Database,
      sessions as unknown as TunnelSessionRepository,
      { emit: () => undefined } as unknown as MessageClient,
      LOGGER,
    );
    this.endpoint = new TunnelEndpoint(
      'b',
      admission as unknown as AdmissionService,
      this.registry,
      new DrainService(this.registry),
      journal,
      this.metrics,
      new ControlService(controlAnswers({ request: () => Promise.reject(new Error('no issuer')) }), LOGGER),
      new SessionCertificates(journal, LOGGER),
      LOGGER,
    );
  }

  /** One connection of an agent: its end of it, and how its visit ends. */
  connect(): { transport: Session['options']['transport']; exporter: Buffer; outcome: Promise<Outcome> } {
    const [transport, far] = duplexPair();
    const exporter = randomBytes(32);
    const { promise: outcome, resolve } = deferred<Outcome>();
    const socket = Object.assign(far, { exportKeyingMaterial: () => exporter });
    const visit = { judging: () => undefined, end: resolve };
    this.endpoint.serve(socket as unknown as TLSSocket, { address: 'peer' } as Peer, visit as unknown as Visit);
    return { transport, exporter, outcome };
  }

  /** A new session of the agent, whose handshake is under way. */
  arrive(): { agent: Session; started: Promise<unknown>; outcome: Promise<Outcome> } {
    const { transport, exporter, outcome } = this.connect();
    const agent = new Session({ role: 'agent', transport, exporter, hello: HELLO });
    return { agent, started: agent.start().catch((error: unknown) => error), outcome };
  }

  async enter(): Promise<Session> {
    const { agent, started } = this.arrive();
    await started;
    return agent;
  }
}

let broker: Broker;

beforeEach(() => {
  broker = new Broker();
});

afterEach(() => {
  for (const { session } of broker.registry.all()) session.close();
});

describe('a session that ends before it was let in', () => {
  it('is not registered when its agent has left during the admission', async () => {
    broker.judging = new Barrier();
    const { agent, outcome } = broker.arrive();
    await broker.judging.reached.promise;
    agent.close();
    expect(await outcome).toBe('left');
    broker.judging.opened.resolve();
    await settled();
    expect(broker.registry.all()).toEqual([]);
    expect(broker.rows.size).toBe(0);
    expect(broker.metrics['sessions'].size).toBe(0);
  });

  it('gets no row, and supersedes nobody, when it has ended while the row was written', async () => {
    await broker.enter();
    const [newer] = broker.registry.all();
    broker.superseded = [newer?.id ?? ''];
    broker.opening = new Barrier();
    const { agent, outcome } = broker.arrive();
    await broker.opening.reached.promise;
    agent.close();
    await outcome;
    broker.opening.opened.resolve();
    await settled();
    expect(newer?.session.state).toBe('open');
    expect(broker.registry.all()).toEqual([newer]);
    expect([...broker.rows]).toEqual([[newer?.id, undefined]]);
    expect(broker.metrics['sessions'].size).toBe(1);
  });

  it('has its row closed when it has ended while that was committed', async () => {
    broker.committing = new Barrier();
    const { agent, outcome } = broker.arrive();
    await broker.committing.reached.promise;
    agent.close('cancelled');
    await outcome;
    broker.committing.opened.resolve();
    await settled();
    expect(broker.registry.all()).toEqual([]);
    expect([...broker.rows.values()]).toEqual(['cancelled']);
  });
});

const closeOf = (session: Session): Promise<{ code: string }> =>
  new Promise((resolve) => session.once('close', resolve));

describe('a connection that asks to join a session', () => {
  const join = async (agent: Session, change: { exporter?: Buffer } = {}) => {
    const { outcome, ...line } = broker.connect();
    const joined = agent.attach({ ...line, ...change, as: 'lane' });
    return {
      outcome,
      result: await joined.then(() => 'joined').catch((error: Error & { code: string }) => error.code),
    };
  };

  it('counts as that of an agent once it has proven that it belongs to it', async () => {
    const { result, outcome } = await join(await broker.enter());
    expect([result, await outcome]).toEqual(['joined', 'admitted']);
  });

  it('carries the session on by its own certificate, when that is a newer one, and only once it has proven the session', async () => {
    const agent = await broker.enter();
    const [live] = broker.registry.all();
    broker.verdict = () => ({ serial: '02', notAfter: new Date(Date.now() + 7_200_000) });
    expect((await join(agent, { exporter: randomBytes(32) })).result).toBe('resume-refused');
    await settled();
    expect(live?.serial).toBe('01');
    expect((await join(agent)).result).toBe('joined');
    await settled();
    expect(live?.serial).toBe('02');
    broker.verdict = () => ({ serial: '03', notAfter: new Date(0) });
    expect((await join(agent)).result).toBe('joined');
    expect((await closeOf(agent)).code).toBe('certificate-expired');
  });

  it('costs credit when its proof is wrong', async () => {
    const { result, outcome } = await join(await broker.enter(), { exporter: randomBytes(32) });
    expect([result, await outcome]).toEqual(['resume-refused', 'failed']);
    expect(broker.registry.all()[0]?.session.laneCount).toBe(1);
  });

  it.each([
    ['costs credit when nobody but an agent may come in and it is none', 'certificate-wrong-role', 'failed'],
    ['costs credit when its certificate was revoked', 'certificate-revoked', 'failed'],
  ] as const)('%s, whatever session it names', async (_case, code, expected) => {
    const agent = await broker.enter();
    broker.registry.remove(broker.registry.all()[0]?.id ?? '');
    broker.verdict = () => {
      throw new AdmissionRefused({ code, detail: 'no' });
    };
    const { result, outcome } = await join(agent);
    expect([result, await outcome]).toEqual([code, expected]);
    expect(broker.readmitted).toEqual([undefined]);
    agent.close();
  });

  it('is excused when its session has ended, as it has after a restart of the broker', async () => {
    const agent = await broker.enter();
    broker.registry.remove(broker.registry.all()[0]?.id ?? '');
    broker.verdict = () => undefined;
    const { result, outcome } = await join(agent);
    expect([result, await outcome]).toEqual(['resume-refused', 'excused']);
    agent.close();
  });

  it('is excused when its session ends while it is decided about', async () => {
    const agent = await broker.enter();
    broker.judging = new Barrier();
    const joining = join(agent);
    await broker.judging.reached.promise;
    broker.registry.all()[0]?.session.close();
    broker.judging.opened.resolve();
    expect(await (await joining).outcome).toBe('excused');
  });
});
