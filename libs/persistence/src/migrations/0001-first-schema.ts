import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditSchema } from './first-schema/audit.js';
import { federationSchema } from './first-schema/federation.js';
import { grants } from './first-schema/grants.js';
import { identitySchema } from './first-schema/identity.js';
import { operatorSchema } from './first-schema/operators.js';
import { roles } from './first-schema/roles.js';
import { rowLevelSecurity } from './first-schema/row-level-security.js';
import { tenancySchema } from './first-schema/tenancy.js';
import { tunnelSchema } from './first-schema/tunnel.js';
import { views } from './first-schema/views.js';

/** Tenants, sites, identity, tunnels, federation, view tickets, audit; roles, grants and row-level security with them. */
export class FirstSchema1700000000001 implements MigrationInterface {
  readonly name = 'FirstSchema1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    const parts = [
      roles,
      tenancySchema,
      operatorSchema,
      identitySchema,
      tunnelSchema,
      federationSchema,
      auditSchema,
      rowLevelSecurity,
      views,
      grants,
    ];
    for (const part of parts) await runner.query(part);
  }

  /** Group roles stay: another database of the same cluster may use them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW IF EXISTS agent_admission, revocation_feed, tunnel_route, site_directory, keyfile_lookup, certificate_lookup,
        operator_login, bearer_lookup, role_assignment, view_ticket_status, site_tls_pin;
      DROP FUNCTION IF EXISTS close_stale_sessions(), supersede_sessions(uuid, uuid, text), audit_append(uuid, text, text, text, jsonb), audit_immutable() CASCADE;
      DROP TABLE IF EXISTS audit_event, audit_head, view_ticket_use, view_ticket, entity, federation_role, tunnel_session, broker,
        revocation, certificate, enrol_token, agent, bearer_token, operator, site, tenant CASCADE;
    `);
  }
}
