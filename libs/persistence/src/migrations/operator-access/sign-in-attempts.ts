/**
 * No tenant's: somebody who has not signed in belongs to none. A key is an HMAC of what is counted, because people type
 * passwords where the name belongs.
 */
export const signInAttempts = `
CREATE TABLE sign_in_attempt (
  key bytea PRIMARY KEY CHECK (length(key) = 32),
  failures integer NOT NULL,
  last_at timestamptz NOT NULL DEFAULT now(),
  blocked_until timestamptz NOT NULL,
  succeeded_at timestamptz
);
CREATE INDEX sign_in_attempt_age ON sign_in_attempt (last_at);
ALTER TABLE sign_in_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_api ON sign_in_attempt TO adit_admin_api USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempt TO adit_admin_api;`;
