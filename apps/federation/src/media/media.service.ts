import { timestampDate } from '@bufbuild/protobuf/wkt';
import { DomainError, mediaOpen, streamUsage } from '@app/contracts';
import {
  Database,
  EntityRepository,
  type EntityRow,
  FederationRoleRepository,
  type FederationRoleRow,
} from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ContactOpener } from '../connections/contact.opener.js';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import type { Contact } from '../connections/directory-session.js';
import type { RoleConnection } from '../connections/role-connection.js';
import { siteRefusal } from '../connections/site-refusal.js';
import { SiteDialer } from '../connections/site-dialer.js';
import { fromWireUsage, toWireUsage } from '../entities/entity-record.js';
import { OwnerRelay } from '../relay/owner-relay.js';
import { directRedirector, tunnelledRedirector } from './redirector-address.js';

type OpenRequest = z.output<typeof mediaOpen.request>;
type OpenReply = z.input<typeof mediaOpen.reply>;

interface Found {
  camera: EntityRow;
  role: FederationRoleRow;
}

/** Asks a site for a stream on behalf of a viewer. */
@Injectable()
export class MediaService {
  constructor(
    private readonly relay: OwnerRelay,
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly roles: FederationRoleRepository,
    private readonly supervisor: ConnectionSupervisor,
    private readonly opener: ContactOpener,
    private readonly dialer: SiteDialer,
  ) {
    relay.serve(mediaOpen, async (request) => this.openHere(request, await this.find(request)));
  }

  async open(request: OpenRequest): Promise<OpenReply> {
    const found = await this.find(request);
    return this.relay.ask(mediaOpen, request, found.role.replica_id, () => this.openHere(request, found));
  }

  private async openHere(request: OpenRequest, { camera, role }: Found): Promise<OpenReply> {
    const { connection, session } = this.supervisor.contact(role.id);
    const asked = request.usage === 'automatic' ? streamUsage.parse(role.default_stream_usage) : request.usage;
    const opened = await this.ask(session, camera, { ...request, usage: asked });
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

  private async ask(
    session: Contact,
    camera: EntityRow,
    { playback, usage, user }: OpenRequest,
  ): ReturnType<Contact['openStream']> {
    try {
      if (playback) return await session.openPlayback(camera.remote_id, user);
      return await session.openStream(camera.remote_id, toWireUsage(usage), user);
    } catch (error) {
      throw siteRefusal(error);
    }
  }

  private find({ tenantId, siteLabel, camera: path }: OpenRequest): Promise<Found> {
    return this.database.inTenant(tenantId, async (tx) => {
      const camera = await this.entities.findByPath(tx, tenantId, 'camera', siteLabel, path);
      const role = camera && (await this.roles.find(tx, tenantId, camera.role_id));
      if (camera === undefined || role === undefined)
        throw new DomainError('camera-not-found', 'there is no such camera');
      return { camera, role };
    });
  }

  private redirector({ role }: RoleConnection, session: Contact): string {
    return role.isTunnelled
      ? tunnelledRedirector(role.siteLabel, this.dialer.domain)
      : directRedirector(role.address, session.info.redirectorAddress);
  }
}
