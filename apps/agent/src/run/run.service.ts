import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { createEnrolment } from '../enrolment/enrolment.factory.js';
import { AgentError } from '../errors.js';
import { type EventJournalStatus, followTunnel } from '../events/index.js';
import type { Identity } from '../identity/identity.js';
import { IdentityHolder } from '../identity/identity.holder.js';
import { IdentityStore } from '../identity/identity.store.js';
import { openSiteCertificate } from '../identity/site-certificate.store.js';
import { EndpointDialer } from '../network/endpoint.dialer.js';
import { hopName } from '../network/proxy.settings.js';
import { ConnectionRecord, createReports, recordTunnel, UplinkMeter } from '../record/index.js';
import { createRenewal } from '../renewal/renewal.factory.js';
import type { RenewalKeeper, RenewalPlan } from '../renewal/renewal.keeper.js';
import { RenewalRequests } from '../renewal/renewal.request.js';
import type { CertificateStatus, Status } from '../status/status.js';
import { readStatus, writeStatus } from '../status/status.file.js';
import { type RecorderOptions, StatusRecorder } from '../status/status.recorder.js';
import { ClockWatch } from '../tunnel/clock-watch.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import { createTrust } from '../trust/trust.factory.js';
import type { TrustKeeper } from '../trust/trust.keeper.js';
import { createTunnel } from '../tunnel/tunnel.factory.js';
import { UplinkKeeper } from '../uplink/uplink.keeper.js';
import type { VideoShares } from '../uplink/video-shares.js';
import { UserStore } from '../users/user.store.js';
import { AGENT_VERSION } from '../version.js';
import { allowedServices } from './allowed-services.js';
import { RUN_SETTINGS, type RunSettings } from './run.settings.js';
import { SiteServers } from './site-servers.js';

/** Tells the parent process, when there is one that listens. */
export type Announce = (message: { type: 'ready' | 'up'; app: 'agent'; ports: Record<string, number> }) => void;
export const ANNOUNCE = Symbol('ANNOUNCE');

interface Recorded {
  identity: Identity;
  instanceId: string;
  servers: SiteServers;
  uplink: UplinkKeeper;
  renewal: RenewalKeeper;
  record: ConnectionRecord;
  meter: UplinkMeter;
}

/** The life of a site: servers first, then the identity, then the tunnel; and the same backwards. */
@Injectable()
export class RunService {
  private readonly startedAt = new Date().toISOString();
  private readonly stopping = new AbortController();
  private readonly closers: (() => Promise<void> | void)[] = [];
  private recorder: StatusRecorder | undefined;
  private trust: TrustKeeper | undefined;
  /** Id of the last request for a renewal that was served. */
  private served: string | undefined;

  constructor(
    @Inject(RUN_SETTINGS) private readonly settings: RunSettings,
    private readonly identities: IdentityStore,
    private readonly users: UserStore,
    @Inject(LOGGER) private readonly logger: AppLogger,
    @Inject(ANNOUNCE) private readonly announce: Announce,
  ) {}

  /** Resolves when the tunnel has begun to be kept up. @throws when the site cannot be served or enrolled */
  async start(): Promise<void> {
    const uplink = this.keepUplink();
    const servers = await this.startServers(uplink);
    const ports = { directory: servers.directory.port, redirector: servers.redirector.port };
    this.logger.info({ ports }, 'ready');
    this.announce({ type: 'ready', app: 'agent', ports });
    const dialer = new EndpointDialer(this.settings.proxy);
    const identity = await this.identity(dialer);
    if (this.stopping.signal.aborted) return;
    const instanceId = randomUUID();
    const services = allowedServices(servers, this.settings.services);
    const { cap: uplinkCap } = uplink;
    const holder = await IdentityHolder.open(this.identities, identity);
    const onKnock = (): void => void this.trust?.look();
    const parts = { dialer, services, instanceId, uplinkCap, onKnock, logger: this.logger };
    const tunnel = createTunnel({ identity: holder, ...parts });
    this.closers.push(() => tunnel.close());
    const { record, meter } = await this.keepRecord(tunnel, identity, uplink);
    followTunnel(tunnel, servers.events);
    tunnel.once('up', () => this.announce({ type: 'up', app: 'agent', ports }));
    const renewal = this.keepRenewed(holder, tunnel);
    this.trust = createTrust(holder, tunnel, renewal, this.logger);
    this.record(tunnel, { identity, instanceId, servers, uplink, renewal, record, meter });
    this.watchClock(tunnel, renewal);
    tunnel.start();
  }

  /** In the reverse order of the start; harmless when repeated. */
  async close(): Promise<void> {
    this.stopping.abort();
    for (const closer of this.closers.splice(0).reverse()) await closer();
  }

  private async startServers(uplink: UplinkKeeper): Promise<SiteServers> {
    const { state, keyfile, directoryListen, redirectorListen, eventLimits } = this.settings;
    const certificate = await openSiteCertificate(state, new Date());
    const known = await this.identities.load();
    const siteName = known?.siteName ?? keyfile?.keyfile.document.siteName ?? '';
    const { users, logger } = this;
    const shares = (): VideoShares => uplink.shares;
    const listen = { directoryListen, redirectorListen };
    const options = { state, certificate, users, siteName, ...listen, shares, eventLimits, logger };
    const servers = new SiteServers(options);
    this.closers.push(() => servers.close());
    await servers.start();
    return servers;
  }

  private async identity(dialer: EndpointDialer): Promise<Identity> {
    const { state, keyfile } = this.settings;
    const known = await this.identities.load();
    if (known !== undefined && keyfile === undefined) return known;
    if (keyfile === undefined) throw new AgentError('identity-missing', 'This site has neither identity nor keyfile');
    const { siteName, keyfileId } = keyfile.keyfile.document;
    this.logger.info({ siteName, keyfileId, fingerprint: keyfile.fingerprint }, 'enrolling');
    const enrolment = createEnrolment(state, dialer, ({ code, message, advice }, retryInMs) =>
      this.logger.warn({ code, advice, retryInMs }, message),
    );
    const enrolled = enrolment.enrol(keyfile.keyfile, this.stopping.signal);
    const made =
      known === undefined ? await enrolled : await enrolled.catch((error: unknown) => this.stay(known, error));
    this.logger.info({ siteName, agentId: made.agentId }, 'enrolled');
    return made;
  }

  /** A return that did not come about costs a site nothing: the identity that it has may still be good. */
  private stay(known: Identity, error: unknown): Identity {
    this.logger.error({ err: error }, 'the return by the keyfile was refused: going on with the identity that is here');
    return known;
  }

  private keepUplink(): UplinkKeeper {
    const keeper = new UplinkKeeper({
      ...this.settings.uplink,
      onChange: (limit) => {
        this.logger.info({ limit }, 'the limit of the uplink');
        this.recorder?.refresh();
      },
      onError: (error) => this.logger.error({ err: error }, 'the limit of the uplink stays as it is'),
    });
    keeper.start();
    this.closers.push(() => keeper.close());
    return keeper;
  }

  private keepRenewed(holder: IdentityHolder, tunnel: TunnelClient): RenewalKeeper {
    const renewal = createRenewal(holder, tunnel, this.logger, () => this.recorder?.refresh());
    const requests = new RenewalRequests(this.settings.state, async (id) => {
      await renewal.renewNow().catch(() => undefined);
      this.served = id;
      this.recorder?.refresh();
    });
    requests.start();
    this.closers.push(
      () => renewal.close(),
      () => requests.close(),
    );
    this.closers.push(() => this.trust?.close());
    return renewal;
  }

  /** Before the status is written: what the last process wrote there tells until when it lived. */
  private async keepRecord(
    tunnel: TunnelClient,
    { siteId }: Identity,
    uplink: UplinkKeeper,
  ): Promise<Pick<Recorded, 'record' | 'meter'>> {
    const { logger, startedAt } = this;
    const { state } = this.settings;
    const seen = await readStatus(state, Date.now()).catch(() => undefined);
    const lastSeenMs = seen === undefined ? undefined : Date.parse(seen.status.writtenAt);
    const onError = (error: unknown): void => logger.warn({ err: error }, 'the record of outages stays in memory');
    const record = await ConnectionRecord.open({ state, siteId, lastSeenMs, onError });
    const meter = new UplinkMeter();
    recordTunnel(tunnel, record);
    meter.follow(tunnel);
    const reports = createReports({ record, tunnel, state, uplink, meter, startedAt, logger });
    this.closers.push(
      () => record.close(),
      () => reports.close(),
    );
    return { record, meter };
  }

  private record(tunnel: TunnelClient, recorded: Recorded): void {
    const { identity, instanceId, servers, uplink, renewal, record, meter } = recorded;
    const { state, proxy } = this.settings;
    const recorder = new StatusRecorder({
      fixed: { ...ownFacts(instanceId), startedAt: this.startedAt },
      site: siteFacts(identity),
      certificate: () => certificateFacts(renewal.plan, this.served),
      proxy: proxy.hop === undefined ? null : hopName(proxy.hop),
      services: {
        directory: `127.0.0.1:${servers.directory.port}`,
        redirector: `127.0.0.1:${servers.redirector.port}`,
        ...Object.fromEntries(Object.entries(this.settings.services).map(([name, { address }]) => [name, address])),
      },
      cameras: () => servers.cameras(),
      events: () => eventFacts(servers.events.status),
      uplink: () => uplink.limit,
      capacity: () => meter.bitsPerSecond,
      record: () => record.health,
      write: (status) => writeStatus(state, status),
      onError: (error) => this.logger.warn({ err: error }, 'the status cannot be written'),
    });
    recorder.follow(tunnel);
    recorder.start();
    this.recorder = recorder;
    this.closers.push(() => recorder.close());
  }

  private watchClock(tunnel: TunnelClient, renewal: RenewalKeeper): void {
    const watch = new ClockWatch((byMs) => {
      this.logger.warn({ byMs }, 'the clock jumped: the machine slept, or its clock was set');
      tunnel.wake();
      void renewal.refresh();
    });
    watch.start();
    this.closers.push(() => watch.close());
  }
}

const ownFacts = (instanceId: string): Pick<Status, 'pid' | 'instanceId' | 'agentVersion'> => ({
  pid: process.pid,
  instanceId,
  agentVersion: AGENT_VERSION,
});

const eventFacts = ({ oldestMs, ...status }: EventJournalStatus): NonNullable<Status['events']> => ({
  ...status,
  oldestAt: oldestMs === null ? null : new Date(oldestMs).toISOString(),
});

const siteFacts = ({ siteId, siteName, agentId }: Identity): RecorderOptions['site'] => ({ siteId, siteName, agentId });

const certificateFacts = (
  { serial, notBefore, notAfter, renewAt, last }: RenewalPlan,
  servedRequest: string | undefined,
): CertificateStatus => ({
  serial,
  notBefore: notBefore.toISOString(),
  notAfter: notAfter.toISOString(),
  renewAt: renewAt.toISOString(),
  lastRenewal: last ?? null,
  servedRequest: servedRequest ?? null,
});
