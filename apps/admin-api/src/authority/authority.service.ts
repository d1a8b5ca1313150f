import { authorityGet, authorityMissing, authorityRotate, DomainError, type RotationAction } from '@app/contracts';
import { DEFAULT_TENANT_ID, type Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import type { Authority, MissingAgent } from './authority.dto.js';

/**
 * The CAs are the deployment's: its provider, whose tenant is the first one, sees and rotates them. For every other tenant
 * there is no such thing.
 */
@Injectable()
export class AuthorityService {
  constructor(@Inject(MessageClient) private readonly messages: MessageClient) {}

  async find(caller: Caller): Promise<Authority> {
    requireProvider(caller);
    return this.messages.request(authorityGet, {});
  }

  async missing(caller: Caller, { limit, cursor }: PageQuery): Promise<Page<MissingAgent>> {
    requireProvider(caller);
    return this.messages.request(authorityMissing, { limit, ...(cursor === undefined ? {} : { cursor }) });
  }

  /** The issuer audits it, in the transaction that takes the step. @throws DomainError `rotation-…` */
  async rotate(caller: Caller, action: RotationAction, revision: number | undefined): Promise<Authority> {
    requireProvider(caller);
    const { actor, correlationId } = caller;
    const expected = revision === undefined ? {} : { revision };
    return this.messages.request(authorityRotate, { action, actor, correlationId, ...expected });
  }
}

/** @throws DomainError `not-found` */
const requireProvider = ({ tenantId }: Caller): void => {
  if (tenantId !== DEFAULT_TENANT_ID) throw new DomainError('not-found', 'there is no such thing in this tenant');
};
