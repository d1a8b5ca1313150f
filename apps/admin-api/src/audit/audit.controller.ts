import { formatChainHead } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { AuditEvent, AuditExportQuery, AuditQuery, AuditVerification, AuditVerificationQuery } from './audit.dto.js';
import { AuditService } from './audit.service.js';

const NDJSON = 'application/x-ndjson';

@ApiTags('audit')
@Controller('audit-events')
export class AuditController {
  constructor(@Inject(AuditService) private readonly audit: AuditService) {}

  @Get()
  @Requires('audit:read')
  @Fails()
  @ApiOperation({ summary: 'What happened, newest first' })
  @ApiPage(AuditEvent)
  list(@CallerOf() caller: Caller, @Query() query: AuditQuery): Promise<Page<AuditEvent>> {
    return this.audit.list(caller.tenantId, query);
  }

  @Get('export')
  @Requires('audit:read')
  @Fails()
  @ApiOperation({
    summary: 'The chain itself, oldest first, one row a line',
    description: 'Each line has `chain`, `seq`, `prev`, `hash` and `body`, which is all it takes to verify it offline.',
  })
  @ApiOkResponse({
    content: { [NDJSON]: { schema: { type: 'string' } } },
    headers: {
      'Adit-Audit-Head': { description: '`seq:hash` of the end of the chain', schema: { type: 'string' } },
    },
  })
  async export(@CallerOf() caller: Caller, @Query() query: AuditExportQuery, @Res() response: Response): Promise<void> {
    const { head, lines } = await this.audit.export(caller, query);
    response.status(200).type(NDJSON);
    response.setHeader('Content-Disposition', 'attachment; filename="audit.ndjson"');
    response.setHeader('Adit-Audit-Head', formatChainHead(head));
    await pipeline(Readable.from(lines), response);
  }

  @Get('verification')
  @Requires('audit:read')
  @Fails()
  @ApiOperation({ summary: 'Verify the whole chain; names the first bad row' })
  @ApiOkResponse({ type: AuditVerification })
  verify(@CallerOf() caller: Caller, @Query() query: AuditVerificationQuery): Promise<AuditVerification> {
    return this.audit.verify(caller.tenantId, query);
  }
}
