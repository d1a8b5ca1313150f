import { Controller, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AnySignedIn } from '../access/any-signed-in.decorator.js';
import { notThere } from './not-there.js';

/** What the API has a place for and this version does not do: it answers 501, never success. */
@ApiTags('not in this version')
@ApiResponse({ status: 501, description: 'not-implemented' })
@AnySignedIn()
@Controller()
export class LaterController {
  @Post('sites/:id/replace')
  @ApiOperation({ summary: 'Replace the server of a site' })
  replace(@Param('id') _id: string): never {
    return notThere('replacing the server of a site');
  }
}
