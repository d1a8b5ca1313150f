import { DomainError, type keyfileRegenerate } from '@app/contracts';
import { Database, type Transaction } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AuthorityService } from '../authority/authority.service.js';
import { Seals } from '../authority/seals.js';
import { RevocationService } from '../revocation/revocation.service.js';
import { draftKeyfile, type KeyfileDraft } from './keyfile-draft.js';
import { KeyfileRepository, type Predecessor } from './keyfile.repository.js';

type Request = z.output<typeof keyfileRegenerate.request>;
type Reply = z.input<typeof keyfileRegenerate.reply>;

/** Another keyfile in the place of one that was lost on its way, expired, or claimed by the wrong machine. */
@Injectable()
export class KeyfileRegeneration {
  constructor(
    private readonly database: Database,
    private readonly keyfiles: KeyfileRepository,
    private readonly authority: AuthorityService,
    private readonly revocation: RevocationService,
    private readonly seals: Seals,
  ) {}

  /** @throws DomainError `keyfile-not-found`; `keyfile-state` for one that became an identity or was revoked */
  async regenerate(request: Request): Promise<Reply> {
    const { tenantId, keyfileId } = request;
    const old = await this.database.inTenant(tenantId, (tx) => this.lockOpen(tx, request));
    if (old instanceof DomainError) throw old;
    const { siteId, agentId, siteName, now, replacesAtEnrolment } = old;
    const { issuedBy, sealed } = request;
    const order = {
      tenantId,
      siteId,
      siteName,
      issuedBy,
      issuedAt: now,
      validForMs: request.validForSeconds * 1000,
      sealed,
      downloadedBy: issuedBy,
      replacesAtEnrolment,
      regenerates: { keyfileId, agentId },
    };
    const draft = await draftKeyfile(order, this.authority);
    const keyfile = await this.database.inTenant(tenantId, (tx) => this.store(tx, draft, request));
    if (keyfile instanceof DomainError) throw keyfile;
    return { keyfile, sealedKeyfile: await this.seals.forAdminApi(draft.text), fingerprint: draft.fingerprint };
  }

  private async store(
    tx: Transaction,
    { row }: KeyfileDraft,
    request: Request,
  ): Promise<Reply['keyfile'] | DomainError> {
    const { tenantId, keyfileId, issuedBy: actor, correlationId } = request;
    const { siteId, agentId, expiresAt } = row;
    await this.keyfiles.lockSite(tx, tenantId, siteId);
    // The state may have changed while the claim certificate was signed.
    const old = await this.lockOpen(tx, request);
    if (old instanceof DomainError) return old;
    const cause = { actor, reason: 'regenerated', correlationId };
    await this.revocation.revokeTokenOnly(tx, tenantId, { keyfileId, agentId, openReturn: false }, cause);
    await this.keyfiles.insert(tx, row);
    const details = {
      siteId,
      agentId,
      regenerates: keyfileId,
      expiresAt: expiresAt.toISOString(),
      sealed: request.sealed,
      correlationId,
    };
    await tx.audit(tenantId, { actor, action: 'keyfile.issued', subject: row.keyfileId, details });
    const stored = await this.keyfiles.find(tx, tenantId, row.keyfileId);
    if (stored === undefined) throw notFound();
    return stored;
  }

  /** A refusal is returned, not thrown: its audit row has to be committed. */
  private async lockOpen(tx: Transaction, request: Request): Promise<Predecessor | DomainError> {
    const { tenantId, keyfileId, issuedBy: actor, correlationId } = request;
    const old = await this.keyfiles.lockForSuccessor(tx, tenantId, keyfileId);
    if (old === undefined) throw notFound();
    const state = old.purpose === 'return' ? 'return' : old.state;
    if (state === 'issued' || state === 'claimed') return old;
    const details = { code: 'keyfile-state', state, correlationId };
    await tx.audit(tenantId, { actor, action: 'keyfile.regenerate-refused', subject: keyfileId, details });
    return new DomainError('keyfile-state', REFUSALS[state] ?? 'the keyfile is not open any more');
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  return: 'the keyfile is for the return of an agent: approve its return again',
  revoked: 'the keyfile was revoked: issue a new one for its site',
  redeemed: 'a machine has enrolled with the keyfile: replace the server of the site instead',
  closed: 'a machine has enrolled with the keyfile: replace the server of the site instead',
};

const notFound = (): DomainError => new DomainError('keyfile-not-found', 'there is no such keyfile');
