import { Module } from '@nestjs/common';
import { StandingAccessModule } from '../operator/standing-access.module.js';
import { SealingModule } from '../sealing/sealing.module.js';
import { SiteModule } from '../site/site.module.js';
import { BatchSealer } from './batch-sealer.js';
import { OnboardingArchive } from './onboarding-archive.js';
import { OnboardingJobRunner } from './onboarding-job.runner.js';
import { OnboardingController } from './onboarding.controller.js';
import { OnboardingService } from './onboarding.service.js';
import { OnboardingWorker } from './onboarding.worker.js';

@Module({
  imports: [SiteModule, SealingModule, StandingAccessModule],
  controllers: [OnboardingController],
  providers: [OnboardingService, OnboardingArchive, OnboardingJobRunner, OnboardingWorker, BatchSealer],
})
export class OnboardingModule {}
