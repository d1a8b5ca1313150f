import { directory } from '@app/contracts';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { SiteDirectory } from '../site/site-directory.js';
import type { AccountRights, Right, SiteAccount } from '../users/rights.js';
import { accountIn } from './authentication.js';
import { Sight } from './sight.js';

const { Capability, DirectoryService } = directory;

/** One of them is enough for some commands; which one a command needs is judged where it is carried out, and recorded. */
const COMMANDS: readonly Right[] = ['ptz', 'outputs', 'recording', 'alarms'];

const NEEDED: Partial<Record<directory.Capability, readonly Right[]>> = {
  [Capability.ENTITIES]: [],
  [Capability.LIVE_STREAMS]: ['live'],
  [Capability.PLAYBACK]: ['playback'],
  [Capability.EVENTS]: ['events'],
  [Capability.SNAPSHOTS]: ['snapshot'],
  [Capability.COMMANDS]: COMMANDS,
};

/** Of what the site can do, what the account may do: with one of several rights it may some of it. */
export const permitted = (
  capabilities: readonly directory.Capability[],
  { allow }: AccountRights,
): directory.Capability[] =>
  capabilities.filter((capability) => {
    const needed = NEEDED[capability];
    return needed !== undefined && (needed.length === 0 || needed.some((right) => allow.includes(right)));
  });

/**
 * Judges each call before it is served, whichever part serves it: the right that it needs, then whether the account sees the
 * entity. What it does not see is answered as if it were not there. Streams of entities and events filter for themselves.
 */
export const authorisation =
  (site: Pick<SiteDirectory, 'find'>): Interceptor =>
  (next) =>
  (request) => {
    const account = accountIn(request.contextValues);
    if (request.stream) {
      if (request.method.name === DirectoryService.method.watchEvents.name) requireRight(account, 'events');
      return next(request);
    }
    judge(account, request.message as Asked, site);
    return next(request);
  };

type Asked =
  | directory.GetInfoRequest
  | directory.ExecuteRequest
  | directory.GetPtzRequest
  | directory.GetSnapshotRequest
  | directory.GetTimelineRequest
  | directory.OpenStreamRequest;

const judge = (account: SiteAccount, message: Asked, site: Pick<SiteDirectory, 'find'>): void => {
  switch (message.$typeName) {
    case 'adit.directory.v1.GetInfoRequest':
      return;
    case 'adit.directory.v1.OpenStreamRequest':
      requireRight(account, message.playback === undefined ? 'live' : 'playback');
      return requireSight(account, message.cameraId, site);
    case 'adit.directory.v1.GetTimelineRequest':
      requireRight(account, 'playback');
      return requireSight(account, message.cameraId, site);
    case 'adit.directory.v1.GetSnapshotRequest':
      requireRight(account, 'snapshot');
      return requireSight(account, message.cameraId, site);
    case 'adit.directory.v1.GetPtzRequest':
      return requireSight(account, message.cameraId, site);
    case 'adit.directory.v1.ExecuteRequest':
      requireSight(account, message.entityId, site);
      return requireSightOfAlarm(account, message.command, site);
    default:
      message satisfies never;
      throw new ConnectError('this call needs a right that no account has', Code.PermissionDenied);
  }
};

/** @throws ConnectError PermissionDenied `right-missing: …` */
const requireRight = ({ name, rights }: SiteAccount, right: Right): void => {
  if (rights.allow.includes(right)) return;
  throw new ConnectError(`right-missing: the account ${name} lacks the right ${right}`, Code.PermissionDenied);
};

/** An alarm may be an entity of its own; of one that is none the entity of the command decides. */
const requireSightOfAlarm = (
  account: SiteAccount,
  command: directory.ExecuteRequest['command'],
  site: Pick<SiteDirectory, 'find'>,
): void => {
  const id = command.case === 'acknowledgeAlarm' ? command.value.alarmId : '';
  if (site.find(id) !== undefined) requireSight(account, id, site);
};

const requireSight = ({ rights }: SiteAccount, remoteId: string, site: Pick<SiteDirectory, 'find'>): void => {
  if (new Sight(site, rights).seesId(remoteId)) return;
  throw new ConnectError('the site has no such camera', Code.NotFound);
};
