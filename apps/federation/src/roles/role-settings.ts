import {
  DomainError,
  entityType,
  hostPort,
  parseTunnelAddress,
  roleState,
  siteCapability,
  streamUsage,
  type FederationRole,
  type roleChanges,
} from '@app/contracts';
import type { ContactEffect, FederationRoleRow, FederationRoleSettings } from '@app/persistence';
import { z } from 'zod';

export type RoleChanges = z.output<typeof roleChanges>;

/** What is not named stays. */
export const mergeSettings = (
  row: FederationRoleRow,
  changes: RoleChanges,
  passwordSealed: Buffer | undefined,
): FederationRoleSettings => ({
  name: changes.name ?? row.name,
  directoryAddress: changes.directoryAddress ?? row.directory_address,
  username: changes.username ?? row.username,
  passwordSealed: passwordSealed ?? row.password_sealed,
  tlsPin: changes.tlsPin === undefined ? row.tls_pin : changes.tlsPin,
  resilientConnection: changes.resilientConnection ?? row.resilient_connection,
  reconnectionTimeoutS: changes.reconnectionTimeoutSeconds ?? row.reconnection_timeout_s,
  defaultStreamUsage: changes.defaultStreamUsage ?? row.default_stream_usage,
  entityTypes: changes.entityTypes === undefined ? row.entity_types : [...new Set(changes.entityTypes)],
  eventTypes: changes.eventTypes === undefined ? row.event_types : [...new Set(changes.eventTypes)],
  federateAlarms: changes.federateAlarms ?? row.federate_alarms,
  enabled: changes.enabled ?? row.enabled,
});

/** What a change does to the contact that is open. A name does not cut it; the usage is looked up at each stream. */
export const contactEffect = (row: FederationRoleRow, settings: FederationRoleSettings): ContactEffect => {
  const isOther = (pairs: readonly (readonly [unknown, unknown])[]): boolean =>
    pairs.some(([one, other]) => JSON.stringify(one) !== JSON.stringify(other));
  const resyncs = isOther([
    [row.directory_address, settings.directoryAddress],
    [row.username, settings.username],
    [row.tls_pin, settings.tlsPin],
    [row.entity_types, settings.entityTypes],
    [row.enabled, settings.enabled],
  ]);
  const ends =
    resyncs ||
    row.password_sealed !== settings.passwordSealed ||
    isOther([
      [row.resilient_connection, settings.resilientConnection],
      [row.reconnection_timeout_s, settings.reconnectionTimeoutS],
      [row.event_types, settings.eventTypes],
      [row.federate_alarms, settings.federateAlarms],
    ]);
  return { ends, resyncs };
};

/** For the audit; passwords are no member of the changes. */
export const changedMembers = (changes: RoleChanges): Record<string, unknown> => ({ ...changes });

/**
 * `directory.<site>.tunnel.<domain>` of the role's own site, or host:port. Whether there is another site of that name is
 * nobody's business.
 * @throws DomainError `invalid-request`
 */
export const parseAddress = (address: string, domain: string, siteLabel: string): void => {
  const refuse = (detail: string): DomainError =>
    new DomainError('invalid-request', 'the directory address is not one', {
      fields: [{ pointer: '/directoryAddress', detail }],
    });
  try {
    const tunnel = parseTunnelAddress(address, domain);
    if (tunnel !== null && tunnel.service !== 'directory') throw new RangeError(`expected directory.${tunnel.site}.…`);
    if (tunnel !== null && tunnel.site !== siteLabel) throw new RangeError(`this role is for the site ${siteLabel}`);
    if (tunnel === null && !hostPort.safeParse(address).success) throw new RangeError('expected host:port');
  } catch (error) {
    throw refuse((error as Error).message);
  }
};

export const toRole = (row: FederationRoleRow): FederationRole => ({
  id: row.id,
  siteId: row.site_id,
  siteLabel: row.site_label,
  name: row.name,
  directoryAddress: row.directory_address,
  username: row.username,
  tlsPin: row.tls_pin,
  resilientConnection: row.resilient_connection,
  reconnectionTimeoutSeconds: row.reconnection_timeout_s,
  defaultStreamUsage: streamUsage.parse(row.default_stream_usage),
  entityTypes: z.array(entityType).parse(row.entity_types),
  eventTypes: row.event_types,
  federateAlarms: row.federate_alarms,
  enabled: row.enabled,
  capabilities: z.array(siteCapability).parse(row.capabilities),
  state: roleState.parse(row.state),
  stateReason: row.state_reason,
  stateSince: row.state_since.toISOString(),
  lastContactAt: row.last_contact_at?.toISOString() ?? null,
  clockSkewMs: row.clock_skew_ms,
  entityCount: row.entity_count,
});
