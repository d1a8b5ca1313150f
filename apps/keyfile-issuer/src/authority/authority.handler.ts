import {
  type AuthorityView,
  authorityGet,
  authorityMissing,
  authorityRotate,
  brokerCertificate,
  pkiTrust,
  trustAcknowledge,
} from '@app/contracts';
import { HandleRequest, LOGGER, type AppLogger } from '@app/runtime';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { AcknowledgementService } from './acknowledgement.service.js';
import { AuthorityService } from './authority.service.js';
import { pemOf, serverChainOf, trustedTrees, trustOf, wantedAgentCa } from './authority.snapshot.js';
import { AuthorityState } from './authority.state.js';
import { AuthorityViewer } from './authority.view.js';
import { RotationService } from './rotation.service.js';

@Controller()
export class AuthorityHandler {
  constructor(
    private readonly authority: AuthorityService,
    private readonly state: AuthorityState,
    private readonly viewer: AuthorityViewer,
    private readonly rotation: RotationService,
    private readonly acknowledgements: AcknowledgementService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Of what is committed: a broker asks because it has heard of it. */
  @HandleRequest(pkiTrust)
  async trust(): Promise<z.input<typeof pkiTrust.reply>> {
    const snapshot = await this.state.refresh();
    const trees = trustedTrees(snapshot);
    return {
      deployment: snapshot.current.deployment,
      revision: snapshot.row.revision,
      trust: trustOf(snapshot),
      signedTrust: snapshot.signedTrust,
      agentCas: trees.map((tree) => pemOf(tree.agentCa)),
      claimCas: trees.map((tree) => pemOf(tree.claimCa)),
      serverChain: serverChainOf(snapshot),
      renewOtherThan: wantedAgentCa(snapshot),
    };
  }

  @HandleRequest(brokerCertificate)
  async certifyBroker(
    @Payload() { brokerId, csr, serverNames }: z.output<typeof brokerCertificate.request>,
  ): Promise<z.input<typeof brokerCertificate.reply>> {
    const certified = await this.authority.certifyBroker(csr, serverNames);
    this.logger.info({ brokerId, serverNames, notAfter: certified.notAfter }, 'certified a broker');
    return certified;
  }

  @HandleRequest(trustAcknowledge)
  async acknowledge(
    @Payload() { acknowledgements }: z.output<typeof trustAcknowledge.request>,
  ): Promise<z.input<typeof trustAcknowledge.reply>> {
    return { recorded: await this.acknowledgements.record(acknowledgements) };
  }

  @HandleRequest(authorityGet)
  get(): Promise<AuthorityView> {
    return this.viewer.view();
  }

  @HandleRequest(authorityMissing)
  missing(
    @Payload() request: z.output<typeof authorityMissing.request>,
  ): Promise<z.input<typeof authorityMissing.reply>> {
    return this.viewer.missing(request);
  }

  @HandleRequest(authorityRotate)
  async rotate(@Payload() request: z.output<typeof authorityRotate.request>): Promise<AuthorityView> {
    await this.rotation.rotate(request);
    return this.viewer.view();
  }
}
