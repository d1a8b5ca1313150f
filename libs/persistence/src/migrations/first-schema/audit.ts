/**
 * One hash chain per tenant. The hashed bytes are kept as text: jsonb would re-order them.
 * `audit_append` locks the chain's head row, so writers of one chain queue and those of different chains do not.
 */
export const auditSchema = `
CREATE TABLE audit_head (
  chain uuid PRIMARY KEY REFERENCES tenant (id),
  seq bigint NOT NULL,
  hash bytea NOT NULL
);
CREATE TABLE audit_event (
  chain uuid NOT NULL REFERENCES tenant (id),
  seq bigint NOT NULL,
  prev bytea NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  body text NOT NULL,
  PRIMARY KEY (chain, seq),
  UNIQUE (chain, prev)
);
CREATE FUNCTION audit_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER audit_event_immutable BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_immutable();
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION audit_immutable();

CREATE FUNCTION audit_append(tenant uuid, actor text, action text, subject text, details jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE head audit_head; line text; digest bytea;
BEGIN
  INSERT INTO audit_head (chain, seq, hash) VALUES (tenant, 0, sha256(convert_to(tenant::text, 'UTF8'))) ON CONFLICT DO NOTHING;
  SELECT * INTO head FROM audit_head WHERE chain = tenant FOR UPDATE;
  line := jsonb_build_object('seq', head.seq + 1, 'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'by', session_user, 'actor', actor, 'action', action, 'subject', subject, 'details', details)::text;
  digest := sha256(head.hash || convert_to(line, 'UTF8'));
  INSERT INTO audit_event (chain, seq, prev, hash, body) VALUES (tenant, head.seq + 1, head.hash, digest, line);
  UPDATE audit_head SET seq = head.seq + 1, hash = digest WHERE chain = tenant;
  RETURN head.seq + 1;
END $$;`;
