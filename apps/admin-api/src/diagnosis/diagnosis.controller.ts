import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import type { Caller } from '../http/request.js';
import { Diagnosis, DiagnosisQuery } from './diagnosis.dto.js';
import { DiagnosisService } from './diagnosis.service.js';

@ApiTags('sites')
@Controller()
export class DiagnosisController {
  constructor(@Inject(DiagnosisService) private readonly diagnoses: DiagnosisService) {}

  @Get('sites/:siteId/diagnosis')
  @Requires('sites:read', 'tunnels:read', 'federation:read', 'cameras:read')
  @Fails()
  @ApiOperation({ summary: 'How a site does and why, as seen from both ends' })
  @ApiOkResponse({ type: Diagnosis })
  diagnose(
    @CallerOf() caller: Caller,
    @IdOf('siteId') siteId: string,
    @Query() { limit }: DiagnosisQuery,
  ): Promise<Diagnosis> {
    return this.diagnoses.diagnose(caller.tenantId, siteId, limit);
  }
}
