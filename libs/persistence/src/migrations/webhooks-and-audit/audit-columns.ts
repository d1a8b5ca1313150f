const COLUMNS = { at: 40, actor: 200, action: 100, subject: 200 };

/**
 * What the audit is asked by, taken from the hashed body by PostgreSQL itself: such a column cannot say anything else than
 * the body. Cut, as an index takes no long texts and no event may fail for one. `at` is fixed in width and UTC, so that as a
 * text of collation C it sorts as a time.
 */
export const auditColumns = `
ALTER TABLE audit_event
  ${Object.entries(COLUMNS)
    .map(
      ([name, length]) =>
        `ADD COLUMN ${name} text COLLATE "C" GENERATED ALWAYS AS (left(body::jsonb ->> '${name}', ${length})) STORED`,
    )
    .join(',\n  ')};
CREATE INDEX audit_event_at ON audit_event (chain, at, seq);
CREATE INDEX audit_event_actor ON audit_event (chain, actor, at, seq);
CREATE INDEX audit_event_action ON audit_event (chain, action, at, seq);
CREATE INDEX audit_event_subject ON audit_event (chain, subject, at, seq);
GRANT SELECT ON audit_head TO adit_admin_api;`;

export const withoutAuditColumns = `
REVOKE SELECT ON audit_head FROM adit_admin_api;
ALTER TABLE audit_event ${Object.keys(COLUMNS)
  .map((name) => `DROP COLUMN ${name}`)
  .join(', ')};`;
