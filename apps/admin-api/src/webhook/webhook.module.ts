import { CONFIG, ConfigurationError } from '@app/runtime';
import { Module } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { AdminConfig } from '../config.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookSecrets } from './webhook-secret.js';
import { WebhookSender } from './webhook-sender.js';
import { urlRules } from './webhook-url.js';
import { WebhookController } from './webhook.controller.js';
import { WebhookMetrics } from './webhook.metrics.js';
import { WebhookService } from './webhook.service.js';
import { WebhookWorker } from './webhook.worker.js';

/** The public authorities, and the deployment's own. @throws ConfigurationError */
const authorities = ({ ADIT_WEBHOOK_CA_FILE: file }: AdminConfig): string[] | undefined => {
  if (file === undefined) return undefined;
  try {
    const own = readFileSync(file, 'utf8');
    if (!own.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no certificate in it');
    return [...rootCertificates, own];
  } catch (cause) {
    throw new ConfigurationError(`ADIT_WEBHOOK_CA_FILE: ${file} does not hold certificates in PEM`, { cause });
  }
};

@Module({
  controllers: [WebhookController],
  providers: [
    {
      provide: WebhookClient,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) => new WebhookClient({ ...urlRules(config), ca: authorities(config) }),
    },
    WebhookSecrets,
    WebhookMetrics,
    WebhookService,
    WebhookDeliveryService,
    WebhookOutbox,
    WebhookSender,
    WebhookWorker,
  ],
})
export class WebhookModule {}
