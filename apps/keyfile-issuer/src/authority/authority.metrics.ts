import { Injectable } from '@nestjs/common';
import { notAfterOf, type CaTree } from '@app/pki';
import { Gauge, Registry } from 'prom-client';
import { issuingTree } from './authority.snapshot.js';
import { AuthorityState } from './authority.state.js';

/** Certificates of a tree by their role. */
export const lifetimesOf = (tree: CaTree): { role: string; notAfter: Date }[] =>
  [
    { role: 'root', issuer: tree.root },
    { role: 'agent-ca', issuer: tree.agentCa },
    { role: 'claim-ca', issuer: tree.claimCa },
    { role: 'server-ca', issuer: tree.serverCa },
    { role: 'keyfile-signing', issuer: tree.keyfileSigning },
  ].map(({ role, issuer }) => ({ role, notAfter: notAfterOf(issuer.certificate) }));

/** Figures of the CAs, read when somebody asks. */
@Injectable()
export class AuthorityMetrics {
  readonly registry = new Registry();

  constructor(state: AuthorityState) {
    new Gauge({
      name: 'adit_authority_expires_in_seconds',
      help: 'what is left of the life of a certificate that issues',
      labelNames: ['role'],
      registers: [this.registry],
      collect() {
        for (const { role, notAfter } of lifetimesOf(issuingTree(state.current))) {
          this.set({ role }, (notAfter.getTime() - Date.now()) / 1000);
        }
      },
    });
    new Gauge({
      name: 'adit_authority_rotation_step',
      help: '1 for the step at which the rotation of the CAs is',
      labelNames: ['state'],
      registers: [this.registry],
      collect() {
        this.reset();
        this.set({ state: state.current.row.step }, 1);
      },
    });
  }
}
