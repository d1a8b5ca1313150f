import { Module } from '@nestjs/common';
import { BatchMandate } from '../onboarding/batch-mandate.js';
import { StandingAccess } from './standing-access.js';

const PROVIDERS = [BatchMandate, StandingAccess];

@Module({ providers: PROVIDERS, exports: PROVIDERS })
export class StandingAccessModule {}
