import { timestampDate } from '@bufbuild/protobuf/wkt';
import { DomainError, isErrorCode, streamUsage, type mediaOpen, type StreamUsage } from '@app/contracts';
import {
  Database,
  EntityRepository,
  type EntityRow,
  FederationRoleRepository,
  type FederationRoleRow,
} from '@app/persistence';
import { Code, ConnectError } from '@connectrpc/connect';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ContactOpener } from '../connections/contact.opener.js';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import type { Contact } from '../connections/directory-session.js';
import type { RoleConnection } from '../connections/role-connection.js';
import { SiteDialer } from '../connections/site-dialer.js';
import { fromWireUsage, toWireUsage } from '../entities/entity-record.js';
import { directRedirector, tunnelledRedirector } from './redirector-address.js';

type OpenRequest = z.output<typeof mediaOpen.request>;
type OpenReply = z.input<typeof mediaOpen.reply>;

/** Asks a site for a stream on behalf of a viewer. */
@Injectable()
export class MediaService {
  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly roles: FederationRoleRepository,
    private readonly supervisor: ConnectionSupervisor,
    private readonly opener: ContactOpener,
    private readonly dialer: SiteDialer,
  ) {}

  async open(request: OpenRequest): Promise<OpenReply> {
    const { camera, role } = await this.find(request);
    const { connection, session } = this.contact(role.id);
    const asked = request.usage === 'automatic' ? streamUsage.parse(role.default_stream_usage) : request.usage;
    const opened = await openStream(session, camera, asked, request.user);
    return {
      address: this.redirector(connection, session),
      tlsPin: await this.opener.pinOf(role, connection.role.address),
      path: opened.path,
      siteTicket: opened.siteTicket,
      expiresAt: (opened.expiresAt === undefined ? new Date() : timestampDate(opened.expiresAt)).toISOString(),
      siteId: camera.site_id,
      cameraId: camera.id,
      usage: fromWireUsage(opened.usage),
    };
  }

  private find({
    tenantId,
    siteLabel,
    camera: path,
  }: OpenRequest): Promise<{ camera: EntityRow; role: FederationRoleRow }> {
    return this.database.inTenant(tenantId, async (tx) => {
      const camera = await this.entities.findByPath(tx, tenantId, 'camera', siteLabel, path);
      const role = camera && (await this.roles.find(tx, tenantId, camera.role_id));
      if (camera === undefined || role === undefined)
        throw new DomainError('camera-not-found', 'there is no such camera');
      return { camera, role };
    });
  }

  /** Offline and unreachable are told apart, as in the state of the role. */
  private contact(roleId: string): { connection: RoleConnection; session: Contact } {
    const connection = this.supervisor.find(roleId);
    const session = connection?.session;
    if (connection !== undefined && session !== undefined) return { connection, session };
    const code = connection?.reason?.split(':')[0];
    const known = code === 'site-offline' || code === 'site-unreachable' ? code : 'role-not-connected';
    throw new DomainError(known, connection?.reason ?? 'the federation role is not connected', { retryAfterMs: 1_000 });
  }

  private redirector({ role }: RoleConnection, session: Contact): string {
    return role.isTunnelled
      ? tunnelledRedirector(role.siteLabel, this.dialer.domain)
      : directRedirector(role.address, session.info.redirectorAddress);
  }
}

const openStream = async (
  session: Contact,
  camera: EntityRow,
  usage: StreamUsage,
  user: string,
): ReturnType<Contact['openStream']> => {
  try {
    return await session.openStream(camera.remote_id, toWireUsage(usage), user);
  } catch (error) {
    throw toDomainError(error);
  }
};

const CODES: Partial<Record<Code, string>> = {
  [Code.NotFound]: 'camera-not-found',
  [Code.Unauthenticated]: 'directory-refused',
  [Code.PermissionDenied]: 'directory-refused',
  [Code.Unimplemented]: 'not-implemented',
  [Code.InvalidArgument]: 'directory-refused',
  [Code.ResourceExhausted]: 'unavailable',
};

const toDomainError = (error: unknown): DomainError => {
  const { code, rawMessage } = ConnectError.from(error);
  const known = CODES[code] ?? 'site-unreachable';
  return new DomainError(isErrorCode(known) ? known : 'internal', rawMessage.slice(0, 200), { cause: error });
};
