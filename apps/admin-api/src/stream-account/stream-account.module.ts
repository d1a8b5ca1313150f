import { CONFIG, readPublicKeys } from '@app/runtime';
import { Module } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { AccountPasswords } from './account-password.js';
import { StreamAccountController } from './stream-account.controller.js';
import { StreamAccountService } from './stream-account.service.js';
import { StreamAccountScopes } from './stream-account-scope.js';

@Module({
  controllers: [StreamAccountController],
  providers: [
    StreamAccountService,
    StreamAccountScopes,
    {
      provide: AccountPasswords,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) =>
        new AccountPasswords(readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE).seal['video-redirector']),
    },
  ],
})
export class StreamAccountModule {}
