import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { IssuerConfig } from '../config.js';
import { IssuerDatabase } from './issuer.database.js';

@Global()
@Module({
  providers: [
    {
      provide: IssuerDatabase,
      inject: [CONFIG],
      useFactory: (config: IssuerConfig) => IssuerDatabase.open(config.ADIT_DATABASE_URL.reveal()),
    },
  ],
  exports: [IssuerDatabase],
})
export class DatabaseModule {}
