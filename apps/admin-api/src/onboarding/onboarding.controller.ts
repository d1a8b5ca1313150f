import type { Page } from '@app/persistence';
import { Controller, Get, HttpCode, Inject, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { readUpload } from '../http/upload.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import { BATCH_PERMISSIONS } from './batch-mandate.js';
import { OnboardingArchive } from './onboarding-archive.js';
import { readBatch } from './onboarding-upload.js';
import {
  Onboarding,
  ONBOARDING_BODY,
  OnboardingCheck,
  OnboardingQuery,
  OnboardingRow,
  StartedOnboarding,
} from './onboarding.dto.js';
import { OnboardingService } from './onboarding.service.js';

const ZIP_TYPE = 'application/zip';

@ApiTags('onboarding')
@Controller('onboardings')
export class OnboardingController {
  constructor(
    @Inject(OnboardingService) private readonly onboardings: OnboardingService,
    @Inject(OnboardingArchive) private readonly archive: OnboardingArchive,
  ) {}

  @Post()
  @Requires(...BATCH_PERMISSIONS)
  @Fails('onboarding-invalid')
  @AnsweredOnce('passphrase')
  @ApiOperation({ summary: 'Create up to 1,000 sites with a sealed keyfile each, from CSV or JSON' })
  @ApiConsumes('application/json', 'text/csv')
  @ApiBody(ONBOARDING_BODY)
  @ApiCreatedResponse({ type: StartedOnboarding })
  @ApiOkResponse({ type: OnboardingCheck, description: 'with `dryRun=true`' })
  async start(
    @CallerOf() caller: Caller,
    @Query() { dryRun }: OnboardingQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StartedOnboarding | OnboardingCheck> {
    const batch = readBatch(await readUpload(request));
    if (!dryRun) return this.onboardings.start(caller, batch);
    response.status(200);
    return this.onboardings.check(caller, batch);
  }

  @Get()
  @Requires('keyfiles:read')
  @Fails()
  @ApiOperation({ summary: 'Batches, newest first' })
  @ApiPage(Onboarding)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Onboarding>> {
    return this.onboardings.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('keyfiles:read')
  @Fails('onboarding-not-found')
  @ApiOperation({ summary: 'How far a batch is' })
  @ApiOkResponse({ type: Onboarding })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Onboarding> {
    return this.onboardings.find(caller.tenantId, id);
  }

  @Get(':id/rows')
  @Requires('keyfiles:read')
  @Fails('onboarding-not-found')
  @ApiOperation({ summary: 'What became of each row, in the order of the file' })
  @ApiPage(OnboardingRow)
  listRows(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<OnboardingRow>> {
    return this.onboardings.listRows(caller.tenantId, id, query);
  }

  @Post(':id/cancel')
  @Requires('keyfiles:issue')
  @Fails('onboarding-not-found', 'onboarding-finished')
  @HttpCode(200)
  @ApiOperation({ summary: 'Leave the rows that wait undone; what was created stays' })
  @ApiOkResponse({ type: Onboarding })
  cancel(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Onboarding> {
    return this.onboardings.cancel(caller, id);
  }

  @Get(':id/keyfiles.zip')
  @Requires('keyfiles:issue')
  @Fails('onboarding-not-found', 'onboarding-running', 'onboarding-erased')
  @ApiOperation({ summary: 'The sealed keyfiles and a manifest with their fingerprints, until `downloadUntil`' })
  @ApiProduces(ZIP_TYPE)
  @ApiOkResponse({ content: { [ZIP_TYPE]: { schema: { type: 'string', format: 'binary' } } } })
  async download(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<StreamableFile> {
    const disposition = `attachment; filename="keyfiles-${id}.zip"`;
    return new StreamableFile(await this.archive.open(caller, id), { type: ZIP_TYPE, disposition });
  }
}
