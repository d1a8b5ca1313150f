import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@app/pki';
import { z } from 'zod';

/** What lets a broker start while the issuer is away. */
export const brokerIdentity = z.object({
  /** Of the certificate, as it was asked for. */
  serverNames: z.array(z.string()),
  /** PEM, PKCS#8. */
  key: z.string(),
  /** PEM: leaf, then server-CA. */
  chain: z.string(),
  roots: z.array(z.string()).min(1),
  /** PEM: the exact issuers of agents and of claims; two of each while the CAs are rotated. */
  agentCas: z.array(z.string()).min(1),
  claimCas: z.array(z.string()).min(1),
  /** Of the issuer's CAs, as `pki.trust` describes them. */
  revision: z.int(),
  bundleVersion: z.int(),
  signedTrust: z.string(),
  serverChain: z.string(),
  renewOtherThan: z.string().nullable(),
});
export type BrokerIdentity = z.infer<typeof brokerIdentity>;

/** `identity.json` (0600) in the broker's data directory. One file: key, certificate and trust change together. */
export class IdentityFile {
  private readonly path: string;

  constructor(private readonly directory: string) {
    this.path = join(directory, 'identity.json');
  }

  /** Undefined when there is none, or none that can be read: the issuer gives another one. */
  async read(): Promise<BrokerIdentity | undefined> {
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const parsed = brokerIdentity.safeParse(JSON.parse(text));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  async write(identity: BrokerIdentity): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await writePrivateFile(this.path, JSON.stringify(identity));
  }
}
