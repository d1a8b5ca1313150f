import {
  BearerTokenRepository,
  Database,
  OperatorRepository,
  SiteRepository,
  TenantRepository,
  TunnelViewRepository,
  ViewTicketRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { AdminConfig } from '../config.js';

const REPOSITORIES = [
  BearerTokenRepository,
  OperatorRepository,
  SiteRepository,
  TenantRepository,
  TunnelViewRepository,
  ViewTicketRepository,
];

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: async (config: AdminConfig): Promise<Database> => {
        const database = new Database({ url: config.ADIT_DATABASE_URL.reveal(), applicationName: 'admin-api' });
        await database.connect();
        return database;
      },
    },
    ...REPOSITORIES,
  ],
  exports: [Database, ...REPOSITORIES],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  onApplicationShutdown(): Promise<void> {
    return this.database.close();
  }
}
