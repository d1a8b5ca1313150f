import {
  DomainError,
  type keyfileDelivered,
  type keyfileIssue,
  type keyfileList,
  type keyfileRevoke,
  type KeyfileSummary,
} from '@app/contracts';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AuthorityService } from '../authority/authority.service.js';
import { Seals } from '../authority/seals.js';
import { Database } from '@app/persistence';
import { RevocationService } from '../revocation/revocation.service.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { draftKeyfile, type KeyfileDraft } from './keyfile-draft.js';
import { KeyfileRepository } from './keyfile.repository.js';

type IssueRequest = z.output<typeof keyfileIssue.request>;
type ListRequest = z.output<typeof keyfileList.request>;
type DeliveredRequest = z.output<typeof keyfileDelivered.request>;
type RevokeRequest = z.output<typeof keyfileRevoke.request>;

@Injectable()
export class KeyfileService {
  constructor(
    private readonly database: Database,
    private readonly keyfiles: KeyfileRepository,
    private readonly authority: AuthorityService,
    private readonly revocation: RevocationService,
    private readonly seals: Seals,
  ) {}

  /**
   * A new keyfile replaces the site's unused ones and, when that is asked for, the agent it has: both are revoked in the
   * transaction that stores the new one (with `replaceAt: 'enrolment'` the agent goes on until its successor's first
   * tunnel). The site keeps its name, role, entities and history.
   * @throws DomainError `site-enrolled` when the site has an agent and `replace` is not set
   */
  async issue(request: IssueRequest): Promise<z.input<typeof keyfileIssue.reply>> {
    const { tenantId, siteId } = request;
    const site = await this.database.inTenant(tenantId, (tx) => this.keyfiles.findSite(tx, tenantId, siteId));
    if (site === undefined) throw new DomainError('not-found', 'there is no such site');
    const { issuedBy, sealed, delivered } = request;
    const order = {
      tenantId,
      siteId,
      siteName: site.name,
      issuedBy,
      issuedAt: site.now,
      validForMs: request.validForSeconds * 1000,
      sealed,
      downloadedBy: delivered ? issuedBy : null,
      replacesAtEnrolment: isLater(request),
    };
    const draft = await draftKeyfile(order, this.authority);
    const stored = await this.store(draft, request);
    if (stored === undefined) {
      throw new DomainError('site-enrolled', 'the site has an agent, which a new keyfile cuts off: ask with replace');
    }
    const { keyfile, replaced } = stored;
    this.revocation.announce(replaced);
    return { keyfile, sealedKeyfile: await this.seals.forAdminApi(draft.text), fingerprint: draft.fingerprint };
  }

  /** Undefined for a site that is enrolled: the audit row of the refusal has to be committed. */
  private store(
    draft: KeyfileDraft,
    request: IssueRequest,
  ): Promise<{ keyfile: KeyfileSummary; replaced: number } | undefined> {
    const { tenantId, siteId, issuedBy, correlationId } = request;
    return this.database.inTenant(tenantId, async (tx) => {
      await this.keyfiles.lockSite(tx, tenantId, siteId);
      if (!request.replace && (await this.keyfiles.isEnrolled(tx, tenantId, siteId))) {
        const details = { code: 'site-enrolled', correlationId };
        await tx.audit(tenantId, { actor: issuedBy, action: 'keyfile.issue-refused', subject: siteId, details });
        return undefined;
      }
      const cause = { actor: issuedBy, reason: 'replaced', correlationId };
      const replaced = isLater(request)
        ? await this.revocation.revokeUnused(tx, tenantId, siteId, cause)
        : await this.revocation.revokeSite(tx, tenantId, siteId, cause);
      await this.keyfiles.insert(tx, draft.row);
      const { keyfileId, agentId, expiresAt } = draft.row;
      const details = {
        siteId,
        agentId,
        expiresAt: expiresAt.toISOString(),
        sealed: request.sealed,
        replaceAt: request.replace ? request.replaceAt : null,
        correlationId,
      };
      await tx.audit(tenantId, { actor: issuedBy, action: 'keyfile.issued', subject: keyfileId, details });
      return { keyfile: required(await this.keyfiles.find(tx, tenantId, keyfileId)), replaced };
    });
  }

  get(tenantId: string, keyfileId: string): Promise<KeyfileSummary> {
    return this.database.inTenant(tenantId, async (tx) => required(await this.keyfiles.find(tx, tenantId, keyfileId)));
  }

  async list(request: ListRequest): Promise<z.input<typeof keyfileList.reply>> {
    const { tenantId, siteId, state, cursor, limit } = request;
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.database.inTenant(tenantId, (tx) =>
      this.keyfiles.list(tx, tenantId, { siteId, state, after, limit: limit + 1 }),
    );
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last) : null };
  }

  /** @returns how many were handed out for the first time */
  async noteDelivery({ tenantId, keyfileIds, deliveredTo, correlationId }: DeliveredRequest): Promise<number> {
    return this.database.inTenant(tenantId, async (tx) => {
      const noted = await this.keyfiles.markDownloaded(tx, tenantId, keyfileIds, deliveredTo);
      for (const keyfileId of noted) {
        const details = { correlationId };
        await tx.audit(tenantId, { actor: deliveredTo, action: 'keyfile.downloaded', subject: keyfileId, details });
      }
      return noted.length;
    });
  }

  async revoke(request: RevokeRequest): Promise<KeyfileSummary> {
    const { tenantId, keyfileId, revokedBy, reason, correlationId } = request;
    const { keyfile, seq } = await this.database.inTenant(tenantId, async (tx) => {
      const cause = { actor: revokedBy, reason, correlationId };
      const revoked = await this.revocation.revokeKeyfile(tx, tenantId, keyfileId, cause);
      return { keyfile: required(await this.keyfiles.find(tx, tenantId, keyfileId)), seq: revoked };
    });
    this.revocation.announce(seq);
    return keyfile;
  }
}

/** The agent that is there is left until its successor comes. */
function isLater({ replace, replaceAt }: IssueRequest): boolean {
  return replace && replaceAt === 'enrolment';
}

function required(keyfile: KeyfileSummary | undefined): KeyfileSummary {
  if (keyfile === undefined) throw new DomainError('keyfile-not-found', 'there is no such keyfile');
  return keyfile;
}
