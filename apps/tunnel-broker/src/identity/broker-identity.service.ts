import { brokerCertificate, DomainError, pkiTrust } from '@app/contracts';
import {
  createCsr,
  generateKey,
  isIssuedDirectlyBy,
  notAfterOf,
  notBeforeOf,
  privateKeyPem,
  readCertificate,
  readCertificates,
} from '@app/pki';
import { type AppLogger, CONFIG, ConfigurationError, LOGGER, MessageClient } from '@app/runtime';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerConfig } from '../config.js';
import { BROKER_ID } from '../tokens.js';
import { Alarm } from '../time/alarm.js';
import { type BrokerIdentity, IdentityFile } from './identity-file.js';

/** Share of a certificate's life after which it is replaced. */
const RENEW_AT = 2 / 3;
const RETRY_MS = 1_000;
const RENEWAL_RETRY_MS = 60_000;

type Trust = Omit<BrokerIdentity, 'serverNames' | 'key' | 'chain'>;

/** CAs of whom exactly one has to be the direct issuer. */
export interface Pins {
  agentCas: X509Certificate[];
  claimCas: X509Certificate[];
}

/** The broker's own key and certificate, and whom it trusts. Asked of the issuer; kept in a file for the starts without it. */
@Injectable()
export class BrokerIdentityService implements OnModuleDestroy {
  private readonly file: IdentityFile;
  private held: BrokerIdentity | undefined;
  private issuers: Pins | undefined;
  /** One after the other: the older answer of the issuer must not be held after the newer one. */
  private queue: Promise<unknown> = Promise.resolve();
  private alarm: Alarm | undefined;
  private readonly listeners: ((identity: BrokerIdentity) => void)[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    @Inject(BROKER_ID) private readonly brokerId: string,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.file = new IdentityFile(config.ADIT_DATA_DIR);
  }

  get current(): BrokerIdentity {
    if (this.held === undefined) throw new Error('the broker has no identity before it was loaded');
    return this.held;
  }

  /** The exact issuers that are pinned per protocol. */
  get pins(): Pins {
    if (this.issuers === undefined) throw new Error('the broker has no pins before its identity was loaded');
    return this.issuers;
  }

  /** Calls when a certificate has been replaced. */
  onChange(listener: (identity: BrokerIdentity) => void): void {
    this.listeners.push(listener);
  }

  /** Resolves when there is an identity to serve with: the issuer's word, or the last one while the issuer is away. */
  async load(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const kept = await this.file.read();
      try {
        await this.refresh(kept);
        return;
      } catch (error) {
        if (error instanceof DomainError && error.code === 'forbidden') {
          throw new ConfigurationError(`ADIT_SERVER_NAMES: ${error.detail}`, { cause: error });
        }
        if (kept !== undefined && this.isUsable(kept)) {
          this.logger.warn({ err: error }, 'the issuer is away: serving with the certificate of before');
          this.hold(kept, Date.now() + RENEWAL_RETRY_MS);
          return;
        }
        if (attempt % 10 === 1)
          this.logger.warn({ err: error }, 'waiting for the issuer: no certificate to serve with');
        await delay(RETRY_MS);
      }
    }
  }

  /**
   * What the issuer's CAs are now, taken for new handshakes; sessions stay. @returns their revision
   * @throws DomainError when the issuer does not answer
   */
  reread(): Promise<number> {
    const turn = this.queue.then(() => this.refresh(this.held));
    this.queue = turn.catch(() => undefined);
    return turn.then(() => this.current.revision);
  }

  onModuleDestroy(): void {
    this.alarm?.cancel();
  }

  private async refresh(kept: BrokerIdentity | undefined): Promise<void> {
    const now = await this.trust();
    const merged = kept === undefined ? undefined : { ...kept, ...now };
    if (merged !== undefined && this.isUsable(merged) && Date.now() < renewalOf(merged)) {
      const isSame = JSON.stringify(merged) === JSON.stringify(kept);
      if (!isSame) await this.file.write(merged);
      if (!isSame || this.held === undefined) this.hold(merged, renewalOf(merged));
      return;
    }
    const fresh = await this.request(now);
    await this.file.write(fresh);
    this.hold(fresh, renewalOf(fresh));
    this.logger.info({ notAfter: notAfterOf(leafOf(fresh)) }, 'the broker has a new certificate');
  }

  private async trust(): Promise<Trust> {
    const { trust, deployment: _deployment, ...answer } = await this.messages.request(pkiTrust, {});
    return { ...answer, roots: trust.roots, bundleVersion: trust.bundleVersion };
  }

  private async request(trust: Trust): Promise<BrokerIdentity> {
    const key = generateKey();
    const { ADIT_SERVER_NAMES: serverNames } = this.config;
    const { certificateChain } = await this.messages.request(brokerCertificate, {
      brokerId: this.brokerId,
      csr: await createCsr(key),
      serverNames,
    });
    return { serverNames, key: privateKeyPem(key), chain: certificateChain, ...trust };
  }

  /** For our names, from the CA that issues now, under one of the roots, and not at its end. */
  private isUsable(identity: BrokerIdentity): boolean {
    try {
      const [leaf, ca] = readCertificates(identity.chain);
      const roots = identity.roots.map(readCertificate);
      return (
        leaf !== undefined &&
        ca !== undefined &&
        notAfterOf(leaf).getTime() > Date.now() &&
        identity.chain.endsWith(identity.serverChain) &&
        identity.serverNames.join() === this.config.ADIT_SERVER_NAMES.join() &&
        roots.some((root) => isIssuedDirectlyBy(ca, root))
      );
    } catch {
      return false;
    }
  }

  private hold(identity: BrokerIdentity, renewAtMs: number): void {
    this.held = identity;
    this.issuers = {
      agentCas: identity.agentCas.map(readCertificate),
      claimCas: identity.claimCas.map(readCertificate),
    };
    for (const listener of this.listeners) listener(identity);
    this.alarm?.cancel();
    this.alarm = new Alarm(renewAtMs, () => void this.renew());
  }

  private async renew(): Promise<void> {
    try {
      await this.reread();
    } catch (error) {
      this.logger.warn({ err: error }, 'the certificate could not be renewed yet');
      this.alarm = new Alarm(Date.now() + RENEWAL_RETRY_MS, () => void this.renew());
    }
  }
}

const leafOf = (identity: BrokerIdentity): X509Certificate => {
  const [leaf] = readCertificates(identity.chain);
  if (leaf === undefined) throw new Error('a chain has a leaf');
  return leaf;
};

const renewalOf = (identity: BrokerIdentity): number => {
  const leaf = leafOf(identity);
  const from = notBeforeOf(leaf).getTime();
  return from + (notAfterOf(leaf).getTime() - from) * RENEW_AT;
};
