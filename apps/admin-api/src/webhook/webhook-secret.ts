import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { FieldVault } from '../secrets/field-vault.js';

const BYTES = 32;
const FIELD = 'webhook.secret';

interface Owner {
  tenantId: string;
  webhookId: string;
}

export interface SignedHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
}

/** Secrets of webhooks: made here, shown once, kept closed, opened to sign. */
@Injectable()
export class WebhookSecrets {
  constructor(@Inject(FieldVault) private readonly vault: FieldVault) {}

  /** @returns the text for the receiver, and what is kept */
  make({ tenantId, webhookId }: Owner): { text: string; sealed: Buffer } {
    const secret = randomBytes(BYTES);
    return {
      text: `whsec_${secret.toString('base64')}`,
      sealed: this.vault.close(secret, { tenantId, field: FIELD, rowId: webhookId }),
    };
  }

  /** Standard Webhooks: one signature for each secret that holds, separated by spaces. @throws DomainError `internal` */
  sign(
    sealed: readonly Buffer[],
    { tenantId, webhookId }: Owner,
    { id, at, body }: { id: string; at: Date; body: string },
  ): SignedHeaders {
    const signatures = sealed.map((one) => {
      const secret = this.vault.open(one, { tenantId, field: FIELD, rowId: webhookId });
      return new Webhook(secret.toString('base64')).sign(id, at, body);
    });
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': signatures.join(' '),
    };
  }
}
