/** Constraints: docs/architecture.md, "Identity". The server keeps no token and no claim key, only their SHA-256. */
export const identitySchema = `
CREATE TABLE agent (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'active', 'locked', 'revoked')),
  site_tls_spki bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz,
  revoked_at timestamptz,
  CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE INDEX agent_site ON agent (site_id);

CREATE TABLE enrol_token (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  site_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  claim_spki_sha256 bytea NOT NULL UNIQUE CHECK (length(claim_spki_sha256) = 32),
  claim_spki bytea NOT NULL,
  claim_serial text NOT NULL UNIQUE,
  state text NOT NULL DEFAULT 'issued' CHECK (state IN ('issued', 'claimed', 'redeemed', 'closed', 'revoked')),
  issued_at timestamptz NOT NULL DEFAULT now(),
  issued_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  claimed_at timestamptz,
  claimed_from text,
  csr_spki bytea,
  redeemed_at timestamptz,
  closed_at timestamptz,
  revoked_at timestamptz,
  CHECK (expires_at <= issued_at + interval '30 days'),
  CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
  CHECK (state NOT IN ('claimed', 'redeemed', 'closed') OR (claimed_at IS NOT NULL AND csr_spki IS NOT NULL)),
  CHECK (state NOT IN ('redeemed', 'closed') OR redeemed_at IS NOT NULL),
  CHECK ((state = 'closed') <= (closed_at IS NOT NULL)),
  CHECK (state <> 'issued' OR (claimed_at IS NULL AND csr_spki IS NULL AND redeemed_at IS NULL AND closed_at IS NULL)),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agent (tenant_id, id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE UNIQUE INDEX enrol_token_open ON enrol_token (agent_id) WHERE state IN ('issued', 'claimed');
CREATE INDEX enrol_token_site ON enrol_token (tenant_id, issued_at DESC, id);

CREATE TABLE certificate (
  serial text PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  agent_id uuid NOT NULL,
  spki_sha256 bytea NOT NULL UNIQUE CHECK (length(spki_sha256) = 32),
  enrol_token_id uuid UNIQUE REFERENCES enrol_token,
  renews text REFERENCES certificate,
  generation integer NOT NULL CHECK (generation >= 1),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'current', 'superseded', 'revoked')),
  der bytea NOT NULL,
  issuer_chain text NOT NULL,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz,
  superseded_at timestamptz,
  revoked_at timestamptz,
  CHECK ((enrol_token_id IS NULL) <> (renews IS NULL)),
  CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
  UNIQUE (agent_id, generation),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agent (tenant_id, id)
);
CREATE UNIQUE INDEX certificate_renews ON certificate (renews) WHERE state <> 'revoked';
CREATE UNIQUE INDEX certificate_current ON certificate (agent_id) WHERE state = 'current';
CREATE UNIQUE INDEX certificate_pending ON certificate (agent_id) WHERE state = 'pending';

CREATE TABLE revocation (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant,
  agent_id uuid NOT NULL,
  serial text,
  reason text NOT NULL,
  revoked_at timestamptz NOT NULL DEFAULT now()
);`;
