import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantWall } from './webhooks-and-audit/tenant-wall.js';

/** Written by admin-api. */
const accounts = `
CREATE TABLE stream_account (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- Of the whole deployment: it alone says whose account it is.
  username text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9]{8,32}$'),
  -- H(A1) of Digest, sealed to the video redirector. A restore takes it away: the password may have been changed since.
  secret text CHECK (length(secret) BETWEEN 1 AND 2000),
  usages text[] NOT NULL CHECK (cardinality(usages) BETWEEN 1 AND 6),
  level integer NOT NULL CHECK (level BETWEEN 1 AND 254),
  allowed_cidrs text[] NOT NULL CHECK (cardinality(allowed_cidrs) <= 20),
  -- Another one with each change of the password or of what the account may: streams of an earlier one end.
  version integer NOT NULL DEFAULT 1,
  expires_at timestamptz,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  password_set_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  UNIQUE (tenant_id, id)
);
CREATE INDEX stream_account_list ON stream_account (tenant_id, created_at, id);

-- What it may watch: whole sites, or cameras. Those come and go with what their site reports, and keep their ids.
CREATE TABLE stream_account_scope (
  account_id uuid NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid,
  camera_id uuid,
  CHECK ((site_id IS NULL) <> (camera_id IS NULL)),
  FOREIGN KEY (tenant_id, account_id) REFERENCES stream_account (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE UNIQUE INDEX stream_account_scope_site ON stream_account_scope (account_id, site_id) WHERE site_id IS NOT NULL;
CREATE UNIQUE INDEX stream_account_scope_camera ON stream_account_scope (account_id, camera_id) WHERE camera_id IS NOT NULL;
CREATE INDEX stream_account_scope_of_site ON stream_account_scope (site_id) WHERE site_id IS NOT NULL;
${tenantWall('stream_account')}
${tenantWall('stream_account_scope')}
GRANT SELECT, INSERT, UPDATE ON stream_account TO adit_admin_api;
GRANT SELECT, INSERT, DELETE ON stream_account_scope TO adit_admin_api;`;

/** Written by the video redirector, to the minute. */
const use = `
CREATE TABLE stream_account_use (
  account_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  last_used_at timestamptz NOT NULL DEFAULT now(),
  address inet NOT NULL
);
${tenantWall('stream_account_use')}
GRANT SELECT, INSERT, UPDATE ON stream_account_use TO adit_video_redirector;
GRANT SELECT ON stream_account_use TO adit_admin_api;`;

const views = `
-- admin-api: what cameras are called in stream URLs.
CREATE VIEW stream_camera_directory AS
  SELECT e.tenant_id, e.id AS camera_id, e.site_id, s.label AS site_label, e.path, e.name
    FROM entity e JOIN site s ON s.id = e.site_id WHERE e.kind = 'camera' AND s.deleted_at IS NULL;
-- video-redirector: whose account is this, and what may it?
CREATE VIEW stream_account_status AS
  SELECT id, tenant_id, username, secret, usages, level, allowed_cidrs, version, expires_at,
         coalesce(expires_at <= now(), false) AS expired, revoked_at IS NOT NULL AS revoked
    FROM stream_account;
CREATE VIEW stream_account_scope_status AS
  SELECT c.account_id, s.label AS site_label, NULL::text AS camera
    FROM stream_account_scope c JOIN site s ON s.id = c.site_id WHERE s.deleted_at IS NULL
  UNION ALL
  SELECT c.account_id, d.site_label, d.path
    FROM stream_account_scope c JOIN stream_camera_directory d ON d.tenant_id = c.tenant_id AND d.camera_id = c.camera_id;
ALTER VIEW stream_camera_directory OWNER TO adit_system;
ALTER VIEW stream_account_status OWNER TO adit_system;
ALTER VIEW stream_account_scope_status OWNER TO adit_system;
GRANT SELECT ON stream_camera_directory TO adit_admin_api;
GRANT SELECT ON stream_account_status, stream_account_scope_status TO adit_video_redirector;`;

/** Accounts by which recorders and video management systems fetch streams: a user and a password in a stored URL. */
export class StreamAccounts1700000000013 implements MigrationInterface {
  readonly name = 'StreamAccounts1700000000013';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [accounts, use, views]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW stream_account_scope_status, stream_account_status, stream_camera_directory;
      DROP TABLE stream_account_use, stream_account_scope, stream_account;
    `);
  }
}
