import {
  type Admission,
  type AdmittedHello,
  type CloseReason,
  LANE_EXPORTER_BYTES,
  LANE_EXPORTER_LABEL,
  Session,
  SessionRefusedError,
} from '@app/multiplex';
import type { AgentAdmission } from '@app/persistence';
import { EXPORTER_BYTES, RENEW_EXPORTER_LABEL } from '@app/pki';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { ControlService } from '../control/control.service.js';
import { RefusedService } from '../audit/refused.service.js';
import type { Peer } from '../listener/peer.js';
import type { Visit } from '../listener/visit.js';
import { TunnelMetrics } from '../metrics/tunnel.metrics.js';
import { BROKER_ID } from '../tokens.js';
import { AdmissionService, type Joining } from './admission.service.js';
import { DrainService } from './drain.service.js';
import { AdmissionRefused, GONE } from './refusal.js';
import { SessionCertificates } from './session-certificates.js';
import { SessionJournal } from './session-journal.js';
import { type LiveSession, SessionRegistry } from './session-registry.js';

/** Longest instance id and reason that the table takes. */
const MAX_TEXT = 64;
const RETRY_MS = 2_000;
/** An agent without another broker to go to asks this often whether the next process is there. */
const DRAINING_RETRY_MS = 1_000;
const DRAINING = { code: 'draining', detail: 'this broker stops', retryAfterMs: DRAINING_RETRY_MS };

/** What happens to a session besides, such as a revocation, is on record as that. */
const ENDS_OF_A_DRAIN = new Set(['drained', 'drain-deadline']);

/** A connection until it is decided about it; a session keeps what it was given to ask, for as long as it lives. */
interface Arrival {
  /** Undefined from the decision on: certificates weigh. */
  from: { peer: Peer; visit: Visit } | undefined;
  /** For the proofs of renewals. */
  exporter: Buffer;
  started: Promise<unknown>;
  /** The agent is known, by this certificate; whether it may join the session is left to that session. */
  joins: Joining | undefined;
}

interface Asking extends Omit<Arrival, 'from'> {
  peer: Peer;
}

/** Refusals that say nothing against the agent. */
const PASSING = new Set(['draining', 'unavailable', 'resume-refused']);

/** ALPN `adit-tunnel/1`: a session of the multiplexing protocol for each admitted agent. */
@Injectable()
export class TunnelEndpoint {
  constructor(
    @Inject(BROKER_ID) private readonly brokerId: string,
    private readonly admission: AdmissionService,
    private readonly registry: SessionRegistry,
    private readonly drain: DrainService,
    private readonly journal: SessionJournal,
    private readonly metrics: TunnelMetrics,
    private readonly control: ControlService,
    private readonly certificates: SessionCertificates,
    private readonly refused: RefusedService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @param visit keeps its place at the gate until it is decided about the agent: that is what a storm is made of */
  serve(socket: TLSSocket, peer: Peer, visit: Visit): void {
    if (socket.destroyed) {
      visit.end('left');
      return;
    }
    const exporter = socket.exportKeyingMaterial(EXPORTER_BYTES, RENEW_EXPORTER_LABEL, Buffer.alloc(0));
    const arrival: Arrival = { from: { peer, visit }, exporter, started: Promise.resolve(), joins: undefined };
    const session = this.open(socket, arrival);
    const started = session.start();
    arrival.started = started;
    started.then(
      ({ sessionId }) => {
        arrival.from = undefined;
        visit.end('admitted');
        this.announce(session, sessionId, peer, arrival.joins);
        arrival.joins = undefined;
      },
      (error: unknown) => {
        arrival.from = undefined;
        visit.end(arrival.joins !== undefined && error instanceof SessionRefusedError ? 'failed' : 'left');
        this.logger.info({ err: error, peerAddress: peer.address }, 'a tunnel did not come about');
      },
    );
  }

  /** Apart, since what one function of a scope captures all of them keep. */
  private open(socket: TLSSocket, arrival: Arrival): Session {
    const session: Session = new Session({
      role: 'broker',
      transport: socket,
      exporter: socket.exportKeyingMaterial(LANE_EXPORTER_BYTES, LANE_EXPORTER_LABEL, Buffer.alloc(0)),
      budget: this.registry.budget,
      sendBudget: this.registry.sendBudget,
      admit: (hello) => this.admit(session, arrival, hello),
      onOpen: (request) => this.control.serve(this.registry.get(session.welcomed?.sessionId ?? ''), request),
    });
    return session;
  }

  private announce(session: Session, sessionId: string, peer: Peer, joined: Joining | undefined): void {
    const live = this.registry.get(sessionId);
    if (live === undefined) return;
    const { siteLabel, agentId } = live;
    if (session !== live.session) {
      if (joined !== undefined) this.certificates.follow(live, joined);
      const { laneCount } = live.session;
      this.logger.debug({ sessionId, siteLabel, laneCount, peerAddress: peer.address }, 'a tunnel has one more lane');
      return;
    }
    this.logger.info({ sessionId, siteLabel, agentId, peerAddress: peer.address }, 'a tunnel is up');
    this.journal.announce(live);
  }

  private async admit(session: Session, arrival: Arrival, hello: AdmittedHello): Promise<Admission> {
    if (arrival.from === undefined) return { refuse: DRAINING };
    const { peer, visit } = arrival.from;
    visit.judging();
    const { exporter, started } = arrival;
    const asking: Asking = { peer, exporter, started, joins: undefined };
    const admission = await this.judge(session, asking, hello);
    if ('refuse' in admission) visit.end(PASSING.has(admission.refuse.code) ? 'excused' : 'failed');
    arrival.joins = asking.joins;
    return admission;
  }

  private async judge(session: Session, asking: Asking, hello: AdmittedHello): Promise<Admission> {
    const { peer } = asking;
    try {
      if (hello.resumeSessionId !== undefined) return await this.rejoin(hello.resumeSessionId, asking);
      if (this.drain.begun) return { refuse: DRAINING };
      const record = await this.admission.admit(peer, hello);
      // A session that is not in the registry by now would not be told to go.
      if (this.drain.begun) return { refuse: DRAINING };
      return { sessionId: await this.register(session, record, asking, hello) };
    } catch (error) {
      if (error instanceof AdmissionRefused) {
        this.refused.agent(error.refusal, peer.address, error.about);
        return { refuse: error.refusal };
      }
      this.logger.error({ err: error }, 'an admission failed');
      return { refuse: { code: 'unavailable', detail: 'no decision is possible now', retryAfterMs: RETRY_MS } };
    }
  }

  /** A further lane, or one after all were lost: the session is there and still may be. Its secret is its own affair. */
  private async rejoin(sessionId: string, asking: Asking): Promise<Admission> {
    const live = this.registry.get(sessionId);
    const joining = await this.admission.readmit(asking.peer, live);
    // It may have ended meanwhile, and that is no fault of the agent.
    if (joining === undefined || live === undefined || live.session.state === 'closed')
      return { refuse: { code: 'resume-refused', detail: 'the session is not here any more' } };
    asking.joins = joining;
    return { join: live.session };
  }

  /**
   * In the registry and the table first, then judged once more: a revocation in between finds one of the two. A session
   * that has ended meanwhile, since all of this took too long, is in neither and supersedes none.
   * @throws AdmissionRefused
   */
  private async register(
    session: Session,
    record: AgentAdmission,
    { peer, exporter, started }: Asking,
    hello: AdmittedHello,
  ): Promise<string> {
    if (session.state === 'closed') throw new AdmissionRefused(GONE);
    const { tenantId, siteId, siteLabel, agentId, serial } = record;
    const live: LiveSession = {
      id: randomUUID(),
      tenantId,
      siteId,
      siteLabel,
      agentId,
      serial,
      expiry: undefined,
      exporter,
      peerAddress: peer.address,
      renewedAtMs: 0,
      reportsPaidMs: 0,
      session,
      registered: false,
      started,
      moved: false,
    };
    this.registry.add(live);
    this.metrics.follow(session);
    this.certificates.watch(live, record.notAfter);
    this.follow(live);
    const ended = new Promise<CloseReason>((resolve) => session.once('close', resolve));
    void ended.then((reason) => {
      live.expiry?.cancel();
      this.end(live, reason);
    });
    const superseded = await this.journal.open(this.rowOf(live, peer, hello), () => session.state !== 'closed');
    live.registered = true;
    const gone = this.registry.get(live.id) === undefined;
    if (gone) await this.journal.close(live, session.closeReason?.code ?? 'transport-closed');
    for (const id of superseded) this.registry.get(id)?.session.close('superseded', 'a newer connection of this agent');
    if (gone) throw new AdmissionRefused(GONE);
    await this.admission.recheck(serial, agentId);
    return live.id;
  }

  private rowOf(live: LiveSession, peer: Peer, hello: AdmittedHello) {
    const { id, tenantId, siteId, agentId, serial } = live;
    return {
      id,
      tenantId,
      siteId,
      agentId,
      brokerId: this.brokerId,
      instanceId: hello.instanceId.slice(0, MAX_TEXT),
      certificateSerial: serial,
      remoteAddress: peer.address,
      agentVersion: hello.agentVersion,
      platform: hello.platform,
      clockSkewMs: hello.skewMs,
    };
  }

  private follow({ id: sessionId, siteLabel, session }: LiveSession): void {
    session.on('suspended', ({ code }) => this.logger.info({ sessionId, siteLabel, code }, 'a tunnel is suspended'));
    session.on('resumed', () => this.logger.info({ sessionId, siteLabel }, 'a tunnel was resumed'));
  }

  private end(live: LiveSession, { code, by }: CloseReason): void {
    this.registry.remove(live.id);
    const reason = this.drain.begun && ENDS_OF_A_DRAIN.has(code) ? 'broker-stopped' : code.slice(0, MAX_TEXT);
    this.logger.info({ sessionId: live.id, siteLabel: live.siteLabel, reason, code, by }, 'a tunnel is down');
    if (live.registered) void this.journal.close(live, reason);
  }
}
