import { brokerCertificate, pkiTrust } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { AuthorityService } from './authority.service.js';

@Controller()
export class AuthorityHandler {
  constructor(private readonly authority: AuthorityService) {}

  @HandleRequest(pkiTrust)
  trust(): z.input<typeof pkiTrust.reply> {
    const { deployment, trust, issuers } = this.authority;
    return { deployment, trust, ...issuers };
  }

  @HandleRequest(brokerCertificate)
  certifyBroker(
    @Payload() { csr, serverNames }: z.output<typeof brokerCertificate.request>,
  ): Promise<z.input<typeof brokerCertificate.reply>> {
    return this.authority.certifyBroker(csr, serverNames);
  }
}
