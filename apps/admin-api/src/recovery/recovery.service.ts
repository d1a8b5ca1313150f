import { DomainError, recoveryApprove, recoveryClose, recoveryGet } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import type { Recovery } from './recovery.dto.js';

/** What a restore concerns is the whole deployment: to the operators of any but the provider's tenant it is not there. */
@Injectable()
export class RecoveryService {
  constructor(@Inject(MessageClient) private readonly messages: MessageClient) {}

  /** @throws DomainError `not-found` when the database was never restored */
  async find(caller: Caller): Promise<Recovery> {
    requireProvider(caller);
    const { recovery } = await this.messages.request(recoveryGet, {});
    if (recovery === null) throw new DomainError('not-found', 'the database was never restored');
    return recovery;
  }

  /** The issuer audits it. @throws DomainError `not-found`, `enrolment-revoked`, `conflict` */
  async approve(caller: Caller, agentId: string, serial: string): Promise<void> {
    requireProvider(caller);
    const { actor: decidedBy, correlationId } = caller;
    await this.messages.request(recoveryApprove, { agentId, serial, decidedBy, correlationId });
  }

  /** The issuer audits it. @throws DomainError `not-found` when none is open */
  close(caller: Caller): Promise<Recovery> {
    requireProvider(caller);
    const { actor: decidedBy, correlationId } = caller;
    return this.messages.request(recoveryClose, { decidedBy, correlationId });
  }
}

const requireProvider = ({ tenantId }: Caller): void => {
  if (tenantId !== DEFAULT_TENANT_ID) throw new DomainError('not-found', 'there is nothing at this address');
};
