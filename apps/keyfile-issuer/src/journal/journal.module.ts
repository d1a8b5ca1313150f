import { RevocationJournal } from '@app/persistence';
import { CONFIG, LOGGER, type AppLogger } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import { join } from 'node:path';
import type { IssuerConfig } from '../config.js';

const FILE = 'revocation.journal';

@Global()
@Module({
  providers: [
    {
      provide: RevocationJournal,
      inject: [CONFIG, LOGGER],
      useFactory: (config: IssuerConfig, logger: AppLogger) =>
        RevocationJournal.open(config.ADIT_REVOCATION_JOURNAL ?? [join(config.ADIT_DATA_DIR, FILE)], (path, error) =>
          logger.error({ err: error, path }, 'a copy of the revocation journal is not whole'),
        ),
    },
  ],
  exports: [RevocationJournal],
})
export class JournalModule {}
