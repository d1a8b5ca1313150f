import { DomainError } from '@app/contracts';
import { Database, type FederationRoleRow, SiteDirectoryRepository } from '@app/persistence';
import { pinOf } from '@app/pki';
import { Injectable } from '@nestjs/common';
import { PasswordVault } from '../roles/password-vault.js';
import { Turnstile } from '../turnstile/turnstile.js';
import { DirectorySession } from './directory-session.js';
import { SiteDialer } from './site-dialer.js';

/** Contacts under way at once: two dials and two handshakes each, which have to keep their time limits on a busy machine. */
const AT_ONCE = 10;
/** Longer than a site takes that answers: one that does not keeps nobody else waiting. */
const PLACE_MS = 2_000;

/** Opens the contact of a role with its account and its site's key. */
@Injectable()
export class ContactOpener {
  private readonly turnstile = new Turnstile(AT_ONCE);

  constructor(
    private readonly database: Database,
    private readonly sites: SiteDirectoryRepository,
    private readonly dialer: SiteDialer,
    private readonly vault: PasswordVault,
  ) {}

  async open(row: FederationRoleRow, signal: AbortSignal): Promise<DirectorySession> {
    const { tenant_id: tenantId, id: roleId, directory_address: address, username, password_sealed: stored } = row;
    if (address === null || username === null || stored === null) {
      throw new DomainError('role-incomplete', 'address, account or password is missing');
    }
    const open = async (): Promise<DirectorySession> => {
      const password = this.vault.open(stored, { tenantId, roleId });
      const target = { tenantId, roleId, address, username, password, pin: await this.pinOf(row, address) };
      return DirectorySession.open(target, this.dialer.dial, signal);
    };
    return this.turnstile.pass(open, { signal, holdMs: PLACE_MS });
  }

  /** A tunnelled site presents the key of its enrolment, a directly reached one the key that an operator confirmed. */
  async pinOf(row: Pick<FederationRoleRow, 'tenant_id' | 'site_id' | 'tls_pin'>, address: string): Promise<string> {
    if (!this.dialer.isTunnelled(address)) {
      if (row.tls_pin === null) throw new DomainError('role-incomplete', 'the pin of the site is missing');
      return row.tls_pin;
    }
    const spki = await this.database.inSystem((tx) => this.sites.tlsSpki(tx, row.tenant_id, row.site_id));
    if (spki === undefined) throw new DomainError('site-offline', 'no agent of the site has enrolled yet');
    return pinOf(spki);
  }
}
