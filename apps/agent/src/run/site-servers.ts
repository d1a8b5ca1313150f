import type { SiteCertificate } from '@app/pki';
import type { AppLogger } from '@app/runtime';
import { CommandDispatcher } from '../commands/index.js';
import { OnvifConnector, RtspConnector } from '../connectors/index.js';
import { DirectoryServer } from '../directory/index.js';
import { type EventLimits, EventJournal, EventThread, followEntities } from '../events/index.js';
import { SiteRedirector } from '../redirector/index.js';
import { firstAnswer } from '../site/first-answer.js';
import type { SiteConnector } from '../site/site-connector.js';
import { SiteDirectory } from '../site/site-directory.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { CameraStatus } from '../status/status.js';
import type { VideoShares } from '../uplink/video-shares.js';
import type { UserStore } from '../users/user.store.js';
import { AGENT_VERSION } from '../version.js';
import { type ListenAddress, listeningFault } from './listen-address.js';

const IN_LIST = 'cameras.yaml holds passwords: `adit-agent camera import` moves them into the encrypted store';
const LOST = 'Restore the state directory from its backup, or set the password again: adit-agent camera password';
const IN_ONVIF_LIST = 'onvif.yaml holds passwords: `adit-agent onvif password ID` keeps them encrypted';
const LOST_ONVIF = 'Restore the state directory from its backup, or set the password again: adit-agent onvif password';

export interface SiteServerOptions {
  state: StateDirectory;
  certificate: SiteCertificate;
  users: UserStore;
  siteName: string;
  directoryListen?: ListenAddress | undefined;
  redirectorListen?: ListenAddress | undefined;
  /** What video may take of the uplink now. */
  shares: () => VideoShares;
  eventLimits: EventLimits;
  logger: AppLogger;
}

/** What a site offers: its directory, its redirector, and the connectors that feed both. */
export class SiteServers {
  readonly directory: DirectoryServer;
  readonly redirector: SiteRedirector;
  readonly events: EventJournal;
  private readonly site = new SiteDirectory();
  private readonly connectors: readonly SiteConnector[];
  private readonly commands: CommandDispatcher;

  constructor(private readonly options: SiteServerOptions) {
    const { state, certificate, users, siteName, logger } = options;
    this.events = openJournal(options);
    const rtsp = new RtspConnector(
      state.path,
      {},
      {
        listRead: (cameras) => logger.info({ cameras }, 'the camera list was read'),
        accountsInList: (cameras) => logger.warn({ cameras: cameras.slice(0, 20), count: cameras.length }, IN_LIST),
        accountRefused: (camera, code, message) => logger.error({ camera, code }, `${message}. ${LOST}`),
        listRefused: (code, message) => logger.error({ code }, `the camera list is refused: ${message}`),
      },
    );
    const onvif = new OnvifConnector(
      state.path,
      {},
      {
        listRead: (devices) => logger.info({ devices }, 'the list of ONVIF devices was read'),
        accountsInList: (devices) =>
          logger.warn({ devices: devices.slice(0, 20), count: devices.length }, IN_ONVIF_LIST),
        accountRefused: (device, code, message) => logger.error({ device, code }, `${message}. ${LOST_ONVIF}`),
        listRefused: (code, message) => logger.error({ code }, `the list of ONVIF devices is refused: ${message}`),
      },
    );
    this.connectors = [rtsp, onvif];
    this.redirector = new SiteRedirector({
      certificate,
      directory: this.site,
      connectors: this.connectors,
      lan: options.redirectorListen,
      shares: options.shares,
    });
    this.commands = new CommandDispatcher({
      site: this.site,
      connectors: this.connectors,
      record: (entry) => logger.info(entry, 'a command'),
    });
    this.directory = new DirectoryServer({
      certificate,
      users,
      siteName: () => siteName,
      version: AGENT_VERSION,
      site: this.site,
      redirector: this.redirector,
      snapshots: (camera) => firstAnswer(this.connectors, (connector) => connector.snapshots?.(camera)),
      events: this.events,
      commands: this.commands,
      lan: options.directoryListen,
      onStreamOpened: (camera, user) => logger.info({ camera, user }, 'a stream was opened'),
    });
  }

  /** @throws PortInUseError, ConfigurationError naming the setting of a LAN listener */
  async start(): Promise<void> {
    const { directoryListen, redirectorListen } = this.options;
    this.events.start();
    followEntities(this.site, this.events);
    for (const connector of this.connectors) await connector.start(this.site.sink(), this.events);
    await blaming(this.redirector.start(), redirectorListen, '--redirector-listen (ADIT_REDIRECTOR_LISTEN)');
    await blaming(this.directory.start(), directoryListen, '--directory-listen (ADIT_DIRECTORY_LISTEN)');
  }

  async close(): Promise<void> {
    await this.commands.close();
    await Promise.all([this.directory.close(), this.redirector.close(), ...this.connectors.map((one) => one.close())]);
    await this.events.close();
  }

  cameras(): CameraStatus[] {
    return this.site.entities.map(({ remoteId: id, name, state, stateReason }) => ({
      id,
      name,
      state,
      ...(stateReason === '' ? {} : { reason: stateReason }),
    }));
  }
}

const openJournal = ({ state, eventLimits: limits, logger }: SiteServerOptions): EventJournal =>
  new EventJournal({
    store: new EventThread({ directory: state.path, limits }),
    onFault: (fault) =>
      logger.error({ fault }, 'events cannot be written: they wait, and are counted when too many do'),
    onRecovered: () => logger.info('events are written again'),
    onReplaced: (reason) => logger.error({ reason }, 'the store of events was replaced: what it held is not sent'),
    onUnknownPosition: (user, since, last) =>
      logger.warn({ user, since, last }, 'a host asks for events after a number of another store: all are sent again'),
  });

const blaming = async (started: Promise<void>, lan: ListenAddress | undefined, setting: string): Promise<void> => {
  try {
    await started;
  } catch (error) {
    throw lan === undefined ? error : listeningFault(error, lan, setting);
  }
};
