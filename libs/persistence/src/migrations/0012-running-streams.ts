import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantWall } from './webhooks-and-audit/tenant-wall.js';

const runningStreams = `
-- One row per process of the redirector; a restarted one is another. Not a tenant's: holds no customer datum.
CREATE TABLE redirector (
  id uuid PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- What is watched now. A row goes with its stream, or with its redirector; no history.
CREATE TABLE stream (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  redirector_id uuid NOT NULL REFERENCES redirector ON DELETE CASCADE,
  site_id uuid NOT NULL,
  camera_id uuid NOT NULL,
  ticket_id uuid,
  site_label text NOT NULL,
  camera text NOT NULL CHECK (length(camera) <= 200),
  usage text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('live', 'playback')),
  watched_by text NOT NULL CHECK (length(watched_by) <= 200),
  level smallint NOT NULL CHECK (level BETWEEN 1 AND 254),
  transport text NOT NULL,
  reason text NOT NULL,
  fallback_from text,
  encrypted boolean NOT NULL,
  remote_address text NOT NULL CHECK (length(remote_address) <= 100),
  client text CHECK (length(client) <= 200),
  started_at timestamptz NOT NULL,
  -- Counters and times of the viewer as its redirector last told.
  figures jsonb NOT NULL,
  figures_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stream_tenant ON stream (tenant_id, started_at DESC, id DESC);
CREATE INDEX stream_redirector ON stream (redirector_id);
${tenantWall('stream')}

-- What a redirector measures of a camera's stream, and of those who watch it there.
CREATE TABLE stream_source (
  redirector_id uuid NOT NULL REFERENCES redirector ON DELETE CASCADE,
  tenant_id uuid NOT NULL REFERENCES tenant,
  camera_id uuid NOT NULL,
  usage text NOT NULL,
  figures jsonb NOT NULL,
  figures_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (redirector_id, tenant_id, camera_id, usage)
);
CREATE INDEX stream_source_camera ON stream_source (tenant_id, camera_id);
${tenantWall('stream_source')}

GRANT SELECT, INSERT, UPDATE, DELETE ON redirector, stream, stream_source TO adit_video_redirector;
GRANT SELECT ON redirector, stream, stream_source TO adit_admin_api;`;

/** Who watches what, over all redirectors, and how well. */
export class RunningStreams1700000000012 implements MigrationInterface {
  readonly name = 'RunningStreams1700000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(runningStreams);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE stream_source, stream, redirector');
  }
}
