/**
 * Operators of before were the first of their tenant, who had every right. An operator without a password signs in by
 * the identity provider; one whose roles come from the provider's claim gets them anew with every sign-in.
 */
export const operators = `
ALTER TABLE operator
  ALTER COLUMN password_hash DROP NOT NULL,
  ADD COLUMN roles text[] NOT NULL DEFAULT '{administrator,security-officer}'
    CHECK (cardinality(roles) BETWEEN 1 AND 4 AND roles <@ ARRAY['viewer', 'operator', 'administrator', 'security-officer']),
  ADD COLUMN identity_issuer text,
  ADD COLUMN identity_subject text,
  ADD COLUMN roles_from_provider boolean NOT NULL DEFAULT false,
  ADD CHECK ((identity_issuer IS NULL) = (identity_subject IS NULL)),
  ADD CHECK (password_hash IS NOT NULL OR identity_subject IS NOT NULL),
  ADD CHECK (NOT roles_from_provider OR identity_subject IS NOT NULL);
ALTER TABLE operator ALTER COLUMN roles SET DEFAULT '{viewer}';
CREATE UNIQUE INDEX operator_identity ON operator (identity_issuer, identity_subject);
CREATE INDEX operator_tenant ON operator (tenant_id, created_at, id);

ALTER TABLE bearer_token
  ADD COLUMN via_cookie boolean NOT NULL DEFAULT false,
  ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN idle_seconds integer NOT NULL DEFAULT 3600 CHECK (idle_seconds > 0);
CREATE INDEX bearer_token_operator ON bearer_token (operator_id);`;

/** Who has no password cannot sign in to the version before. */
export const withoutOperators = `
DELETE FROM operator WHERE password_hash IS NULL;
DROP INDEX bearer_token_operator, operator_tenant, operator_identity;
ALTER TABLE bearer_token DROP COLUMN via_cookie, DROP COLUMN last_used_at, DROP COLUMN idle_seconds;
ALTER TABLE operator DROP COLUMN roles_from_provider, DROP COLUMN identity_subject, DROP COLUMN identity_issuer, DROP COLUMN roles,
  ALTER COLUMN password_hash SET NOT NULL;`;
