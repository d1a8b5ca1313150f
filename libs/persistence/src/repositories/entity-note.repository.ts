import type { Transaction } from '../transaction.js';

/** What operators have noted of entities. The caller has opened the tenant's transaction. */
export class EntityNoteRepository {
  /** Until the end of the transaction nobody else changes the note of this entity, which may have none yet. */
  async lock(tx: Transaction, entityId: string): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 19))', [entityId]);
  }

  async write(
    tx: Transaction,
    tenantId: string,
    entity: { id: string; siteId: string },
    note: string,
    by: string,
  ): Promise<void> {
    await tx.execute(
      `INSERT INTO entity_note (entity_id, tenant_id, site_id, note, noted_by) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (entity_id) DO UPDATE SET note = excluded.note, noted_by = excluded.noted_by, noted_at = now()`,
      [entity.id, tenantId, entity.siteId, note, by],
    );
  }

  async remove(tx: Transaction, tenantId: string, entityId: string): Promise<void> {
    await tx.execute('DELETE FROM entity_note WHERE tenant_id = $1 AND entity_id = $2', [tenantId, entityId]);
  }

  async removeOfSite(tx: Transaction, tenantId: string, siteId: string): Promise<void> {
    await tx.execute('DELETE FROM entity_note WHERE tenant_id = $1 AND site_id = $2', [tenantId, siteId]);
  }
}
