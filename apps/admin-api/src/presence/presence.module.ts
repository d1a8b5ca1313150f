import { Module } from '@nestjs/common';
import { PresenceMetrics } from './presence.metrics.js';
import { PresenceWatch } from './presence.watch.js';

@Module({ providers: [PresenceWatch, PresenceMetrics] })
export class PresenceModule {}
