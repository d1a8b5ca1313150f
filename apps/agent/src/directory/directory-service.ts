import { timestampFromDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { CommandDispatcher } from '../commands/index.js';
import type { SiteRedirector } from '../redirector/site-redirector.js';
import type { SnapshotSource } from '../site/site-connector.js';
import type { SiteDirectory } from '../site/site-directory.js';
import type { AccountWatches } from './account-watches.js';
import { accountIn } from './authentication.js';
import { permitted } from './authorisation.js';
import { deadlineOf, executeFault, readCommand, readLevel, toWirePtz, toWireReport } from './command-message.js';
import { type EventFeed, watchRequest } from './event-watch.js';
import { fromWireKinds, fromWireUsage, toWireUsage } from './entity-message.js';
import { snapshotFault } from './snapshot-fault.js';
import { MAX_TIMELINE_SPANS, readRange, timelineFault, toWireSpan } from './timeline-message.js';

export interface DirectoryServiceOptions {
  siteName: () => string;
  /** Semantic version of the agent. */
  version: string;
  /** base64url SHA-256 of the SPKI that the site redirector presents. */
  redirectorPin: string;
  site: SiteDirectory;
  watches: AccountWatches;
  /** Of this machine's clock; for tests of a wrong one. */
  clockOffsetMs?: number;
  redirector: Pick<SiteRedirector, 'open' | 'openPlayback' | 'recordings' | 'lanAddress' | 'held'>;
  /** Undefined for a camera that gives no still picture. */
  snapshots: (cameraId: string) => SnapshotSource | undefined;
  /** Without it the site has no events. */
  events?: EventFeed | undefined;
  commands: Pick<CommandDispatcher, 'execute' | 'ptz' | 'held'>;
  /** For the site's own log. */
  onStreamOpened?: (camera: string, user: string) => void;
}

const MAX_ID_LENGTH = 200;
const NOTHING_RECORDED = 'nothing is recorded of this camera';
const NO_ENTITY = 'the site has no such entity';
const NO_SNAPSHOT = "the site's camera list names no snapshot of this camera";

/** The calls that this version answers; the others are UNIMPLEMENTED. */
export const directoryService = (
  options: DirectoryServiceOptions,
): Partial<ServiceImpl<typeof directory.DirectoryService>> => ({
  getInfo: (_request, { values }) => ({
    siteName: options.siteName(),
    version: options.version,
    time: timestampFromMs(Date.now() + (options.clockOffsetMs ?? 0)),
    capabilities: permitted(
      [
        directory.Capability.ENTITIES,
        directory.Capability.LIVE_STREAMS,
        directory.Capability.PLAYBACK,
        directory.Capability.SNAPSHOTS,
        ...(options.events === undefined ? [] : [directory.Capability.EVENTS]),
        directory.Capability.COMMANDS,
      ],
      accountIn(values).rights,
    ),
    redirectorAddress: options.redirector.lanAddress,
    redirectorTlsPin: options.redirectorPin,
  }),

  watchEntities: ({ sinceRevision, kinds }, { signal, values }) => {
    const wanted = fromWireKinds(kinds);
    if (kinds.length > 0 && wanted.size === 0) {
      throw new ConnectError('this site knows none of these kinds', Code.InvalidArgument);
    }
    const revision = sinceRevision <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sinceRevision) : 0;
    return options.watches.entities(accountIn(values), revision, wanted, signal);
  },

  watchEvents: (request, { signal, values }) => {
    if (options.events === undefined) throw new ConnectError('this site keeps no events', Code.Unimplemented);
    const account = accountIn(values);
    return options.watches.events(account, options.events, watchRequest(request, account.name), signal);
  },

  openStream: ({ cameraId, usage, playback, user }, { values }) => {
    if (cameraId.length > MAX_ID_LENGTH || user.length > MAX_ID_LENGTH) {
      throw new ConnectError('camera_id or user is too long', Code.InvalidArgument);
    }
    const account = accountIn(values);
    const opened =
      playback === undefined
        ? options.redirector.open(cameraId, fromWireUsage(usage), account)
        : options.redirector.openPlayback(cameraId, account);
    if (opened === undefined) throw missing(options, cameraId);
    if (opened === 'full')
      throw new ConnectError('too many streams were opened and not fetched', Code.ResourceExhausted);
    options.onStreamOpened?.(cameraId, user);
    return {
      path: opened.path,
      siteTicket: opened.siteTicket,
      expiresAt: timestampFromDate(opened.expiresAt),
      usage: toWireUsage(opened.usage),
    };
  },

  getTimeline: async ({ cameraId, range }, { signal }) => {
    if (cameraId.length > MAX_ID_LENGTH) throw new ConnectError('camera_id is too long', Code.InvalidArgument);
    const asked = readRange(range);
    const recordings = options.redirector.recordings(cameraId);
    if (recordings === undefined) throw missing(options, cameraId);
    const spans = await recordings.timeline(asked, signal).catch((error: unknown) => {
      throw timelineFault(error);
    });
    return { spans: spans.slice(0, MAX_TIMELINE_SPANS).map(toWireSpan) };
  },

  getSnapshot: async ({ cameraId }, { signal }) => {
    if (cameraId.length > MAX_ID_LENGTH) throw new ConnectError('camera_id is too long', Code.InvalidArgument);
    const source = options.snapshots(cameraId);
    if (source === undefined) throw missing(options, cameraId, NO_SNAPSHOT);
    const { image, takenAt } = await source.take(signal).catch((error: unknown) => {
      throw snapshotFault(error);
    });
    return { mediaType: 'image/jpeg', image, takenAt: timestampFromDate(takenAt) };
  },

  execute: async (request, { signal, values }) => {
    const { entityId, user, userLevel } = request;
    if (entityId.length > MAX_ID_LENGTH || user.length > MAX_ID_LENGTH) {
      throw new ConnectError('entity_id or user is too long', Code.InvalidArgument);
    }
    const command = readCommand(request);
    const deadline = deadlineOf(request, signal);
    if (options.site.find(entityId) === undefined) throw new ConnectError(NO_ENTITY, Code.NotFound);
    const { name: account, rights } = accountIn(values);
    const who = { account, allow: rights.allow, user, level: Math.max(readLevel(userLevel), rights.level) };
    return options.commands.execute({ entityId, command, ...who }, deadline).then(toWireReport, (error: unknown) => {
      throw executeFault(error);
    });
  },

  getPtz: ({ cameraId }) => {
    const camera = options.site.find(cameraId);
    if (camera?.kind !== 'camera') throw new ConnectError('the site has no such camera', Code.NotFound);
    if (camera.ptz !== true) throw new ConnectError('no-ptz: the camera cannot be turned', Code.FailedPrecondition);
    return toWirePtz(camera, options.commands.ptz(cameraId));
  },
});

/** A camera that lacks something is told from one that is not there. */
const missing = ({ site }: DirectoryServiceOptions, cameraId: string, lack = NOTHING_RECORDED): ConnectError =>
  site.entities.some(({ remoteId }) => remoteId === cameraId)
    ? new ConnectError(lack, Code.FailedPrecondition)
    : new ConnectError('the site has no such camera', Code.NotFound);
