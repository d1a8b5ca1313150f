import type { Transaction } from '../transaction.js';

export interface SiteRow {
  tenant_id: string;
  site_id: string;
  name: string;
  label: string;
}

/** What federation knows of sites: through system views alone, it never reads the site table. */
export class SiteDirectoryRepository {
  /** Sites of all tenants that never had a role; a deleted role counts as one. */
  withoutRole(tx: Transaction, limit: number): Promise<SiteRow[]> {
    return tx.query<SiteRow>(
      'SELECT tenant_id, site_id, name, label FROM site_directory WHERE NOT had_role ORDER BY site_id LIMIT $1',
      [limit],
    );
  }

  find(tx: Transaction, tenantId: string, siteId: string): Promise<SiteRow | undefined> {
    return tx.one<SiteRow>(
      'SELECT tenant_id, site_id, name, label FROM site_directory WHERE tenant_id = $1 AND site_id = $2',
      [tenantId, siteId],
    );
  }

  /** DER SubjectPublicKeyInfo that the site's servers present, from its enrolment. */
  async tlsSpki(tx: Transaction, tenantId: string, siteId: string): Promise<Buffer | undefined> {
    const row = await tx.one<{ site_tls_spki: Buffer }>(
      'SELECT site_tls_spki FROM site_tls_pin WHERE tenant_id = $1 AND site_id = $2',
      [tenantId, siteId],
    );
    return row?.site_tls_spki;
  }
}
