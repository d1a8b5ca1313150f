import { Module } from '@nestjs/common';
import { SealingDesk } from './sealing.desk.js';

@Module({ providers: [SealingDesk], exports: [SealingDesk] })
export class SealingModule {}
