import { Database, DEFAULT_TENANT_ID, OperatorRepository } from '@app/persistence';
import { type AppLogger, CONFIG, ConfigurationError, LOGGER, readSecretFile } from '@app/runtime';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Role } from '../access/role.js';
import type { AdminConfig } from '../config.js';
import { MIN_PASSWORD_LENGTH, PasswordHasher } from './password.js';

const USERNAME = 'admin';
/** Together they have every permission, so that nothing is out of reach for a deployment of one person. */
const FIRST_ROLES: readonly Role[] = ['administrator', 'security-officer'];

/** While there is no operator at all, makes the first one with the password of ADIT_BOOTSTRAP_PASSWORD_FILE. */
@Injectable()
export class FirstOperator implements OnModuleInit {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(LOGGER) private readonly logger: AppLogger,
    @Inject(Database) private readonly database: Database,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(PasswordHasher) private readonly passwords: PasswordHasher,
  ) {}

  async onModuleInit(): Promise<void> {
    if (await this.database.inSystem((tx) => this.operators.exists(tx))) return;
    const file = this.config.ADIT_BOOTSTRAP_PASSWORD_FILE;
    if (file === undefined) {
      this.logger.warn('there is no operator, and ADIT_BOOTSTRAP_PASSWORD_FILE names no password for the first one');
      return;
    }
    const password = readSecretFile(file, 'ADIT_BOOTSTRAP_PASSWORD_FILE').reveal();
    if (password.length < MIN_PASSWORD_LENGTH) {
      throw new ConfigurationError(
        `ADIT_BOOTSTRAP_PASSWORD_FILE: at least ${MIN_PASSWORD_LENGTH} characters are needed`,
      );
    }
    await this.create(await this.passwords.hash(password));
  }

  /** Another replica may be first: then its row stays. */
  private async create(passwordHash: string): Promise<void> {
    await this.database.inTenant(DEFAULT_TENANT_ID, async (tx) => {
      const id = await this.operators.insert(tx, DEFAULT_TENANT_ID, {
        username: USERNAME,
        passwordHash,
        roles: FIRST_ROLES,
      });
      if (id === undefined) return;
      await tx.audit(DEFAULT_TENANT_ID, {
        actor: 'system',
        action: 'operator.created',
        subject: id,
        details: { roles: FIRST_ROLES },
      });
    });
  }
}
