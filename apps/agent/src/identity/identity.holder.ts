import { generateKey, privateKeyPem, readCertificates, serialOf } from '@app/pki';
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { AgentError } from '../errors.js';
import type { Identity } from './identity.js';
import type { IdentityStore } from './identity.store.js';
import { isOwnCertificate } from './own-certificate.js';

/**
 * The identity of a running site and, while it is being renewed, the next one beside it. Both stay on the disk until the next
 * one has been admitted, so that whatever is killed when, one of them is good.
 */
export class IdentityHolder {
  private constructor(
    private readonly store: IdentityStore,
    private held: Identity,
    /** Certified, and not admitted yet. */
    private coming: Identity | undefined,
    private begun: boolean,
  ) {}

  /** One after the other: what is written last has to be the newest. */
  private writing: Promise<unknown> = Promise.resolve();

  /** Goes on with a renewal that was interrupted; one of an earlier certificate is over. */
  static async open(store: IdentityStore, identity: Identity): Promise<IdentityHolder> {
    const renewal = await store.loadRenewal();
    const holder = new IdentityHolder(store, identity, undefined, false);
    if (renewal === undefined) return holder;
    const { renews, privateKey, certificateChain } = renewal;
    holder.begun = renews === serialOf(leafOf(identity));
    if (!holder.begun) await store.dropRenewal();
    else if (certificateChain !== undefined) holder.coming = { ...identity, privateKey, certificateChain };
    return holder;
  }

  get current(): Identity {
    return this.held;
  }

  get next(): Identity | undefined {
    return this.coming;
  }

  /** A renewal was begun and is not over: it is due until it is. */
  get renewing(): boolean {
    return this.begun;
  }

  get certificate(): X509Certificate {
    return leafOf(this.held);
  }

  /** The key to have certified: that of an earlier attempt, or a new one that is on the disk when this resolves. */
  async openNextKey(): Promise<KeyObject> {
    const renews = serialOf(this.certificate);
    const earlier = await this.store.loadRenewal();
    if (earlier?.renews === renews) return createPrivateKey(earlier.privateKey);
    const key = generateKey();
    await this.store.saveRenewal({ v: 1, renews, privateKey: privateKeyPem(key) });
    this.begun = true;
    return key;
  }

  /** On the disk when this resolves. @throws AgentError `renewal-answer-invalid` for a certificate that is not ours */
  async propose(certificateChain: string, key: KeyObject): Promise<void> {
    const { agentId, deployment, trust } = this.held;
    if (!isOwnCertificate(certificateChain, { agentId, deployment, roots: trust.roots }, key)) {
      throw new AgentError('renewal-answer-invalid', 'The server sent a certificate that is not for this site');
    }
    const privateKey = privateKeyPem(key);
    await this.store.saveRenewal({ v: 1, renews: serialOf(this.certificate), privateKey, certificateChain });
    this.coming = { ...this.held, privateKey, certificateChain };
  }

  /** A broker let the next identity in: the one before is over. */
  async admitted(used: Identity): Promise<void> {
    // What is trusted may have changed since it was taken to connect with.
    if (this.coming === undefined || used.certificateChain !== this.coming.certificateChain) return;
    this.held = this.coming;
    this.coming = undefined;
    this.begun = false;
    await this.write(() => this.store.completeRenewal(this.held));
  }

  /** Whom the site trusts from the next connection on; on the disk when this resolves. */
  async adoptTrust(trust: Identity['trust']): Promise<void> {
    if (trust.bundleVersion <= this.held.trust.bundleVersion) return;
    this.held = { ...this.held, trust };
    if (this.coming !== undefined) this.coming = { ...this.coming, trust };
    await this.write(() => this.store.saveTrust(this.held));
  }

  private write(work: () => Promise<void>): Promise<void> {
    const turn = this.writing.then(work);
    this.writing = turn.catch(() => undefined);
    return turn;
  }
}

const leafOf = ({ certificateChain }: Identity): X509Certificate => {
  const [leaf] = readCertificates(certificateChain);
  if (leaf !== undefined) return leaf;
  throw new AgentError(
    'state-damaged',
    'The identity holds no certificate',
    'Ask the operator for a replacement keyfile',
  );
};
