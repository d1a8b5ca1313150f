import {
  DomainError,
  hostPort,
  parseTunnelAddress,
  roleState,
  streamUsage,
  type FederationRole,
  type roleChanges,
} from '@app/contracts';
import type { FederationRoleRow, FederationRoleSettings } from '@app/persistence';
import type { z } from 'zod';

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
  enabled: changes.enabled ?? row.enabled,
});

/** For the audit; passwords are no member of the changes. */
export const changedMembers = (changes: RoleChanges): Record<string, unknown> => ({ ...changes });

/** `directory.<site>.tunnel.<domain>` or host:port. @throws DomainError `invalid-request` */
export const parseAddress = (address: string, domain: string): void => {
  const refuse = (detail: string): DomainError =>
    new DomainError('invalid-request', 'the directory address is not one', {
      fields: [{ pointer: '/directoryAddress', detail }],
    });
  try {
    const tunnel = parseTunnelAddress(address, domain);
    if (tunnel !== null && tunnel.service !== 'directory') throw new RangeError(`expected directory.${tunnel.site}.…`);
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
  enabled: row.enabled,
  state: roleState.parse(row.state),
  stateReason: row.state_reason,
  stateSince: row.state_since.toISOString(),
  lastContactAt: row.last_contact_at?.toISOString() ?? null,
  clockSkewMs: row.clock_skew_ms,
  entityCount: row.entity_count,
});
