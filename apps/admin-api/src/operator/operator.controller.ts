import type { IfMatch } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Ip, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AnySignedIn } from '../access/any-signed-in.decorator.js';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { NewOperator, NewPassword, Operator, OperatorChanges, OwnPassword } from './operator.dto.js';
import { operatorTag, OperatorService } from './operator.service.js';
import { PasswordService } from './password.service.js';

@ApiTags('operators')
@Controller('operators')
export class OperatorController {
  constructor(
    @Inject(OperatorService) private readonly operators: OperatorService,
    @Inject(PasswordService) private readonly passwords: PasswordService,
  ) {}

  @Post()
  @Requires('operators:write')
  @Tagged(operatorTag)
  @Fails('username-taken')
  @ApiOperation({ summary: 'Create an operator with a password, an identity at the provider, or both' })
  @ApiCreatedResponse({ type: Operator })
  create(@CallerOf() caller: Caller, @Body() body: NewOperator): Promise<Operator> {
    return this.operators.create(caller, body);
  }

  @Get()
  @Requires('operators:read')
  @Fails()
  @ApiOperation({ summary: 'Operators, oldest first' })
  @ApiPage(Operator)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<Operator>> {
    return this.operators.list(caller.tenantId, query);
  }

  @Put('current/password')
  @AnySignedIn()
  @Fails()
  @HttpCode(204)
  @ApiOperation({ summary: 'Change one’s own password; one’s other sessions end' })
  @ApiNoContentResponse()
  changeOwn(@CallerOf() caller: Caller, @Body() body: OwnPassword, @Ip() address: string): Promise<void> {
    return this.passwords.changeOwn(caller, body, address);
  }

  @Get(':id')
  @Requires('operators:read')
  @Tagged(operatorTag)
  @Fails()
  @ApiOperation({ summary: 'One operator' })
  @ApiOkResponse({ type: Operator })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Operator> {
    return this.operators.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('operators:write')
  @Tagged(operatorTag)
  @Fails('last-administrator', 'username-taken', 'conflict')
  @ApiOperation({ summary: 'Change roles or identity, disable or enable; the operator’s sessions end' })
  @ApiOkResponse({ type: Operator })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: OperatorChanges,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<Operator> {
    return this.operators.change(caller, id, body, ifMatch);
  }

  @Put(':id/password')
  @Requires('operators:write')
  @Fails()
  @HttpCode(204)
  @ApiOperation({ summary: 'Set another operator’s password; its sessions and API tokens end' })
  @ApiNoContentResponse()
  reset(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() body: NewPassword): Promise<void> {
    return this.passwords.reset(caller, id, body.password);
  }
}
