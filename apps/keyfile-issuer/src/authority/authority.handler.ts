import { brokerCertificate, pkiTrust } from '@app/contracts';
import { HandleRequest, LOGGER, type AppLogger } from '@app/runtime';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { AuthorityService } from './authority.service.js';

@Controller()
export class AuthorityHandler {
  constructor(
    private readonly authority: AuthorityService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  @HandleRequest(pkiTrust)
  trust(): z.input<typeof pkiTrust.reply> {
    const { deployment, trust, issuers } = this.authority;
    return { deployment, trust, ...issuers };
  }

  @HandleRequest(brokerCertificate)
  async certifyBroker(
    @Payload() { brokerId, csr, serverNames }: z.output<typeof brokerCertificate.request>,
  ): Promise<z.input<typeof brokerCertificate.reply>> {
    const certified = await this.authority.certifyBroker(csr, serverNames);
    this.logger.info({ brokerId, serverNames, notAfter: certified.notAfter }, 'certified a broker');
    return certified;
  }
}
