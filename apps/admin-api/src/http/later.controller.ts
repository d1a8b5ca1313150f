import { Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { notThere } from './not-there.js';

/** What the API has a place for and this version does not do: it answers 501, never success. */
@ApiTags('not in this version')
@ApiResponse({ status: 501, description: 'not-implemented' })
@Controller()
export class LaterController {
  @Delete('sites/:id')
  @ApiOperation({ summary: 'Delete a site' })
  delete(@Param('id') _id: string): never {
    return notThere('deleting a site');
  }

  @Get('webhooks')
  webhooks(): never {
    return notThere('webhooks');
  }

  @Post('webhooks')
  createWebhook(): never {
    return notThere('webhooks');
  }

  @Get('audit')
  audit(): never {
    return notThere('reading the audit');
  }

  @Get('operators')
  operators(): never {
    return notThere('managing operators');
  }

  @Post('operators')
  createOperator(): never {
    return notThere('managing operators');
  }
}
