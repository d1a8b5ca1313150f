import { Module } from '@nestjs/common';
import { CommandModule } from '../command/command.module.js';
import { SiteModule } from '../site/site.module.js';
import { DiagnosisController } from './diagnosis.controller.js';
import { DiagnosisReads } from './diagnosis.reads.js';
import { DiagnosisService } from './diagnosis.service.js';
import { OutageService } from './outage.service.js';

@Module({
  imports: [SiteModule, CommandModule],
  controllers: [DiagnosisController],
  providers: [DiagnosisService, DiagnosisReads, OutageService],
})
export class DiagnosisModule {}
