import { CONFIG, readFieldKey, readPrivateKey, readPublicKeys } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { DerivedKeys } from './derived-keys.js';
import { FieldVault } from './field-vault.js';
import { Seal } from './seal.js';
import { TicketKey } from './ticket-key.js';

@Global()
@Module({
  providers: [
    {
      provide: Seal,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) =>
        new Seal(
          readPrivateKey(config.ADIT_SECRETS_DIR, 'seal.jwk'),
          readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE).seal.federation,
        ),
    },
    {
      provide: TicketKey,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) => new TicketKey(readPrivateKey(config.ADIT_SECRETS_DIR, 'ticket.jwk')),
    },
    {
      provide: DerivedKeys,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) => new DerivedKeys(readFieldKey(config.ADIT_SECRETS_DIR)),
    },
    {
      provide: FieldVault,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) => new FieldVault(readFieldKey(config.ADIT_SECRETS_DIR)),
    },
  ],
  exports: [DerivedKeys, FieldVault, Seal, TicketKey],
})
export class SecretsModule {}
