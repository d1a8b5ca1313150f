import { generateKey, privateKeyPem } from '@app/pki';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { StateDirectory } from '../state/state-directory.js';
import { identity, type Identity, pendingKey, type Renewal, renewal } from './identity.js';

export const IDENTITY_FILE = 'identity.json';
export const RENEWAL_FILE = 'renewal.json';
const pendingFile = (keyfileId: string): string => `enrolment-${keyfileId}.json`;
const PENDING = /^enrolment-.+\.json$/;

/** The site's identity on disk. Nothing here is ever removed because of a clock. */
export class IdentityStore {
  constructor(private readonly state: StateDirectory) {}

  load(): Promise<Identity | undefined> {
    return this.state.readJson(IDENTITY_FILE, identity);
  }

  /** The key for this keyfile: the one of an earlier attempt, or a new one that is on the disk when this resolves. */
  async openPendingKey(keyfileId: string): Promise<KeyObject> {
    const earlier = await this.state.readJson(pendingFile(keyfileId), pendingKey);
    if (earlier !== undefined) return createPrivateKey(earlier.privateKey);
    const key = generateKey();
    await this.state.writeJson(pendingFile(keyfileId), { v: 1, keyfileId, privateKey: privateKeyPem(key) });
    return key;
  }

  async commit(next: Identity): Promise<void> {
    await this.state.writeJson(IDENTITY_FILE, next);
    await this.state.remove(pendingFile(next.keyfileId));
  }

  loadRenewal(): Promise<Renewal | undefined> {
    return this.state.readJson(RENEWAL_FILE, renewal);
  }

  async saveRenewal(next: Renewal): Promise<void> {
    await this.state.writeJson(RENEWAL_FILE, next);
  }

  /** The next certificate has been admitted: it is the identity now. */
  async completeRenewal(next: Identity): Promise<void> {
    await this.state.writeJson(IDENTITY_FILE, next);
    await this.dropRenewal();
  }

  /** Other roots of the same identity. */
  async saveTrust(changed: Identity): Promise<void> {
    await this.state.writeJson(IDENTITY_FILE, changed);
  }

  async dropRenewal(): Promise<void> {
    await this.state.remove(RENEWAL_FILE);
  }

  /** Forgets identity and keys. */
  async clear(): Promise<void> {
    for (const name of await this.state.names()) {
      if ([IDENTITY_FILE, RENEWAL_FILE].includes(name) || PENDING.test(name)) await this.state.remove(name);
    }
  }
}
