import { tenantWall } from '../webhooks-and-audit/tenant-wall.js';

/**
 * Events of sites, by the week of their arrival. An index of a partitioned table cannot be unique without the partition's
 * key, so that `event_position`, locked for each batch, decides what is new: an event is written once with its position.
 */
export const eventLog = `
GRANT REFERENCES ON tenant, site TO adit_system;

CREATE TABLE event (
  tenant_id uuid NOT NULL REFERENCES tenant,
  -- By this database's clock, each of a tenant later than the one before in the order of the commits: what was read up to
  -- one of them is complete.
  arrived_at timestamptz NOT NULL,
  -- UUIDv5 of (site, store, sequence).
  id uuid NOT NULL,
  site_id uuid NOT NULL,
  -- Pin of the key of the site's directory: another machine has another store, and counts anew.
  store text NOT NULL CHECK (length(store) BETWEEN 1 AND 100),
  sequence bigint NOT NULL CHECK (sequence > 0),
  type text NOT NULL CHECK (length(type) BETWEEN 1 AND 200),
  -- The site's own key of what it is about, and the entity's id here, whether or not there is such an entity.
  source_id text CHECK (length(source_id) BETWEEN 1 AND 200),
  entity_id uuid,
  -- As the site told it, however wrong; null for what is no time.
  site_time timestamptz,
  occurrence_period text NOT NULL CHECK (occurrence_period IN ('online', 'grace', 'offline', 'unknown')),
  details jsonb NOT NULL,
  -- The site sent more than may be kept.
  details_dropped boolean NOT NULL,
  CHECK ((source_id IS NULL) = (entity_id IS NULL)),
  PRIMARY KEY (tenant_id, arrived_at),
  UNIQUE (site_id, store, sequence, type, arrived_at),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
) PARTITION BY RANGE (arrived_at);
CREATE INDEX event_id ON event (id);
CREATE INDEX event_type ON event (tenant_id, type, arrived_at);
CREATE INDEX event_site ON event (site_id, arrived_at);
CREATE INDEX event_entity ON event (entity_id, arrived_at) WHERE entity_id IS NOT NULL;
CREATE INDEX event_site_time ON event (tenant_id, (coalesce(site_time, arrived_at)));
-- What arrives while there is no week for it, and what a restore brings back: nothing is refused for want of a partition.
CREATE TABLE event_rest PARTITION OF event DEFAULT;

CREATE TABLE event_position (
  site_id uuid NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenant,
  store text NOT NULL,
  sequence bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (site_id, store),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE TABLE event_head (
  tenant_id uuid PRIMARY KEY REFERENCES tenant,
  last_arrived_at timestamptz NOT NULL
);
${['event', 'event_position', 'event_head'].map(tenantWall).join('\n')}
-- A week's own table is reached through \`event\` alone; its keeper moves rows out of the rest.
ALTER TABLE event_rest ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_rest FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON event_rest TO adit_system USING (true) WITH CHECK (true);
ALTER TABLE event OWNER TO adit_system;
ALTER TABLE event_rest OWNER TO adit_system;
GRANT SELECT, INSERT ON event TO adit_federation;
GRANT SELECT, INSERT, UPDATE ON event_position, event_head TO adit_federation;
GRANT SELECT ON event, event_head TO adit_admin_api;`;

/** Makes weeks ahead and drops those that are over, as the owner of the table. */
export const eventKeeping = `
CREATE FUNCTION event_add_week(week timestamptz) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  name text := 'event_' || to_char(week AT TIME ZONE 'UTC', 'YYYYMMDD');
  past timestamptz := week + interval '168 hours';
BEGIN
  IF to_regclass('public.' || name) IS NOT NULL THEN RETURN 0; END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.event INCLUDING ALL)', name);
  EXECUTE format('WITH moved AS (DELETE FROM public.event_rest WHERE arrived_at >= %L AND arrived_at < %L RETURNING *)
    INSERT INTO public.%I SELECT * FROM moved', week, past, name);
  EXECUTE format('ALTER TABLE public.event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', name, week, past);
  EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
  RETURN 1;
END $$;
-- federation: one process at a time; the others find it done. Waits for no reader for long: the next round tries again.
CREATE FUNCTION event_keep(retention_days integer, weeks_ahead integer, OUT made integer, OUT dropped integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  horizon timestamptz := now() - make_interval(days => retention_days);
  this_week timestamptz := date_trunc('week', now(), 'UTC');
  week timestamptz;
  old name;
BEGIN
  made := 0;
  dropped := 0;
  IF retention_days < 1 OR weeks_ahead NOT BETWEEN 1 AND 10 THEN RAISE 'no such retention'; END IF;
  IF NOT pg_try_advisory_xact_lock(5500, 16) THEN RETURN; END IF;
  DELETE FROM event_rest WHERE arrived_at < horizon;
  FOR week IN SELECT this_week + n * interval '168 hours' FROM generate_series(0, weeks_ahead) n
        UNION SELECT DISTINCT date_trunc('week', arrived_at, 'UTC') FROM event_rest LOOP
    made := made + event_add_week(week);
  END LOOP;
  FOR old IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'event'::regclass AND c.relname ~ '^event_[0-9]{8}$'
                AND to_date(substr(c.relname, 7), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC' + interval '168 hours' <= horizon LOOP
    EXECUTE format('DROP TABLE public.%I', old);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM alarm WHERE state = 'acknowledged' AND delivery <> 'pending' AND acknowledged_at < horizon;
END $$;
ALTER FUNCTION event_add_week(timestamptz) OWNER TO adit_system;
ALTER FUNCTION event_keep(integer, integer) OWNER TO adit_system;
REVOKE ALL ON FUNCTION event_add_week(timestamptz), event_keep(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_keep(integer, integer) TO adit_federation;
SELECT event_keep(36500, 4);`;

export const withoutEventLog = `
DROP FUNCTION event_keep(integer, integer);
DROP FUNCTION event_add_week(timestamptz);
DROP TABLE event, event_position, event_head;
REVOKE REFERENCES ON tenant, site FROM adit_system;`;
