import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicKeys, type RequestContract } from '@app/contracts';
import { Database, OnboardingRepository, OnboardingRowRepository, readLogins, SiteRepository } from '@app/persistence';
import { type CommonEnvironment, createLogger, MessageClient, readFieldKey } from '@app/runtime';
import type { z } from 'zod';
import type { AdminConfig } from '../../apps/admin-api/src/config.js';
import { BatchMandate } from '../../apps/admin-api/src/onboarding/batch-mandate.js';
import { BatchSealer } from '../../apps/admin-api/src/onboarding/batch-sealer.js';
import { OnboardingJobRunner } from '../../apps/admin-api/src/onboarding/onboarding-job.runner.js';
import { OnboardingWorker } from '../../apps/admin-api/src/onboarding/onboarding.worker.js';
import { SealingDesk } from '../../apps/admin-api/src/sealing/sealing.desk.js';
import { FieldVault } from '../../apps/admin-api/src/secrets/field-vault.js';
import { Seal } from '../../apps/admin-api/src/secrets/seal.js';
import { SiteService } from '../../apps/admin-api/src/site/site.service.js';
import type { Platform } from './platform.js';

type Jwk = ConstructorParameters<typeof Seal>[0];

class CountingClient extends MessageClient {
  requests = 0;

  override request<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    body: z.input<Req>,
  ): Promise<z.output<Res>> {
    this.requests += 1;
    return super.request(contract, body);
  }
}

/** The part of a second admin-api that works on batches, with the platform's own keys, logins and messages. */
export class SecondWorker implements AsyncDisposable {
  private constructor(
    readonly worker: OnboardingWorker,
    private readonly database: Database,
    private readonly messages: CountingClient,
  ) {}

  static async start(platform: Platform): Promise<SecondWorker> {
    const { dataDir } = platform;
    const logger = createLogger('second-worker', 'silent');
    const logins = await readLogins(join(dataDir, 'logins.json'));
    const database = await Database.open({ url: logins['admin-api'] ?? '', applicationName: 'second-worker' });
    const environment = { NATS_URL: platform.natsUrl, ADIT_NATS_TOKEN_FILE: join(dataDir, 'nats.token') };
    const messages = new CountingClient(environment as CommonEnvironment, logger);
    const own = JSON.parse(readFileSync(join(dataDir, 'secrets/admin-api/seal.jwk'), 'utf8')) as Jwk;
    const keys = publicKeys.parse(JSON.parse(readFileSync(join(dataDir, 'public-keys.json'), 'utf8')));
    const [onboardings, rows] = [new OnboardingRepository(), new OnboardingRowRepository()];
    const vault = new FieldVault(readFieldKey(join(dataDir, 'secrets/admin-api')));
    const config = { ADIT_DOMAIN: 'adit.internal' } as AdminConfig;
    const sites = new SiteService(config, database, new SiteRepository(), messages);
    const sealer = new BatchSealer(new Seal(own, keys.seal.federation), vault, new SealingDesk());
    const mandate = new BatchMandate(onboardings, rows);
    const runner = new OnboardingJobRunner(database, onboardings, rows, sites, messages, sealer, mandate);
    const second = new SecondWorker(new OnboardingWorker(database, onboardings, runner, logger), database, messages);
    second.worker.onApplicationBootstrap();
    return second;
  }

  /** Keyfiles that it asked the issuer for. */
  get issued(): number {
    return this.messages.requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.beforeApplicationShutdown();
    await this.messages.onApplicationShutdown();
    await this.database.close();
  }
}
