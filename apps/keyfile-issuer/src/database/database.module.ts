import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { IssuerConfig } from '../config.js';
import { Database } from '@app/persistence';

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: (config: IssuerConfig) =>
        Database.open({ url: config.ADIT_DATABASE_URL.reveal(), applicationName: 'keyfile-issuer' }),
    },
  ],
  exports: [Database],
})
export class DatabaseModule {}
