import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '@app/persistence';
import { lifetimesOf } from './authority.metrics.js';
import { issuingTree } from './authority.snapshot.js';
import { AuthorityState } from './authority.state.js';

const DAY_MS = 86_400_000;
/** Time enough for a rotation whose agents come by once a month. */
const WARN_BEFORE_MS = 90 * DAY_MS;
/** A step whose outcome got lost on the way is seen this soon. */
const REFRESH_MS = 5_000;

/** Keeps the CAs in memory with those of the database, and says in time that they come to their end. */
@Injectable()
export class AuthorityWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly state: AuthorityState,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    void this.warn();
    this.timers.push(
      setInterval(() => void this.refresh(), REFRESH_MS),
      setInterval(() => void this.warn(), DAY_MS),
    );
  }

  onModuleDestroy(): void {
    this.timers.splice(0).forEach(clearInterval);
  }

  /** @returns the roles that were warned of */
  async warn(): Promise<string[]> {
    const now = await this.database.now().catch(() => new Date());
    const ending = lifetimesOf(issuingTree(this.state.current)).filter(
      ({ notAfter }) => notAfter.getTime() - now.getTime() < WARN_BEFORE_MS,
    );
    for (const { role, notAfter } of ending) {
      this.logger.warn({ role, notAfter }, 'a certificate that issues comes to its end: rotate the CAs');
    }
    return ending.map(({ role }) => role);
  }

  private async refresh(): Promise<void> {
    await this.state.refresh().catch((error: unknown) => {
      this.logger.debug({ err: error }, 'the state of the CAs cannot be read now');
    });
  }
}
