import { CONFIG, readPrivateKey, readPublicKeys } from '@app/runtime';
import { openCaTree } from '@app/pki';
import { Global, Module } from '@nestjs/common';
import type { IssuerConfig } from '../config.js';
import { Database } from '@app/persistence';
import { AuthorityHandler } from './authority.handler.js';
import { AuthorityService } from './authority.service.js';
import { BrokerNames } from './broker-names.js';
import { caDirectory, openKeyFiles } from './ca-keys.js';
import { Seals } from './seals.js';

@Global()
@Module({
  controllers: [AuthorityHandler],
  providers: [
    {
      provide: AuthorityService,
      inject: [CONFIG, Database],
      useFactory: async (config: IssuerConfig, database: Database) => {
        const options = { keys: await openKeyFiles(config) };
        const tree = await openCaTree(caDirectory(config), config.ADIT_DEPLOYMENT, await database.now(), options);
        const endpoints = config.ADIT_PUBLIC_ENDPOINTS;
        const publicNames = [...new Set(endpoints.map((endpoint) => endpoint.serverName))];
        return new AuthorityService(tree, endpoints, new BrokerNames(publicNames, config.ADIT_BROKER_NAMES), database);
      },
    },
    {
      provide: Seals,
      inject: [CONFIG],
      useFactory: (config: IssuerConfig) => {
        const receiver = readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE).seal['admin-api'];
        return new Seals(readPrivateKey(config.ADIT_SECRETS_DIR, 'seal.jwk'), receiver);
      },
    },
  ],
  exports: [AuthorityService, Seals],
})
export class AuthorityModule {}
