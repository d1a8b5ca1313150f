import { CONFIG, readFieldKey, readPrivateKey } from '@app/runtime';
import { Module } from '@nestjs/common';
import type { FederationConfig } from '../config.js';
import { EntitiesModule } from '../entities/entities.module.js';
import { EventsModule } from '../events/events.module.js';
import { PasswordVault } from '../roles/password-vault.js';
import { RoleReconciler } from '../roles/role.reconciler.js';
import { ConnectionFactory } from './connection.factory.js';
import { ConnectionSupervisor } from './connection.supervisor.js';
import { ContactOpener } from './contact.opener.js';
import { HintHandler } from './hint.handler.js';
import { RoleLeases } from './role-leases.js';
import { RoleNews } from './role-news.js';
import { RoleStores } from './role-stores.js';
import { SiteDialer } from './site-dialer.js';

@Module({
  imports: [EntitiesModule, EventsModule],
  controllers: [HintHandler],
  providers: [
    {
      provide: PasswordVault,
      inject: [CONFIG],
      useFactory: ({ ADIT_SECRETS_DIR: dir }: FederationConfig) =>
        new PasswordVault(readFieldKey(dir), readPrivateKey(dir, 'seal.jwk')),
    },
    RoleStores,
    SiteDialer,
    RoleReconciler,
    ContactOpener,
    ConnectionFactory,
    RoleLeases,
    RoleNews,
    ConnectionSupervisor,
  ],
  exports: [PasswordVault, SiteDialer, ConnectionSupervisor, ContactOpener],
})
export class ConnectionsModule {}
