import { Database, OnboardingRepository, type OnboardingTask } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { OnboardingJobRunner } from './onboarding-job.runner.js';

/** Another process of this app may have taken a batch and died: this is how soon somebody goes on. */
const LOOK_EVERY_MS = 3_000;

/**
 * Works on the batches of all tenants, in turns. What is to be done stands in the database alone, so that any process of
 * this app can go on where another was killed.
 */
@Injectable()
export class OnboardingWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private again = false;
  private stopping = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OnboardingRepository) private readonly onboardings: OnboardingRepository,
    @Inject(OnboardingJobRunner) private readonly runner: OnboardingJobRunner,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.wake(), LOOK_EVERY_MS);
    this.wake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.working;
  }

  /** There may be something to do; harmless at any time. */
  wake(): void {
    this.again = true;
    if (this.working !== undefined || this.stopping) return;
    this.working = this.workOff()
      .catch((error: unknown) => this.logger.warn({ err: error }, 'the onboarding goes on later'))
      .finally(() => (this.working = undefined));
  }

  private async workOff(): Promise<void> {
    while (this.again && !this.stopping) {
      this.again = false;
      const tasks = await this.database.inSystem((tx) => this.onboardings.tasks(tx));
      for (const task of tasks) if (await this.turn(task)) this.again = true;
    }
  }

  /** One that cannot go on now does not hold up the others. @returns whether there is more to do at once */
  private async turn(task: OnboardingTask): Promise<boolean> {
    if (this.stopping) return false;
    try {
      return await this.runner.turn(task);
    } catch (error) {
      this.logger.warn({ err: error, onboardingId: task.onboardingId }, 'a batch goes on later');
      return false;
    }
  }
}
