import type { IfMatch } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Delete, Get, HttpCode, Inject, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { IfMatchOf } from '../http/if-match.decorator.js';
import { ApiPage } from '../http/page-response.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { AnsweredOnce } from '../idempotency/answered-once.decorator.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import {
  DeliveryQuery,
  NewWebhook,
  WebhookChangesBody,
  WebhookDelivery,
  WebhookView,
  WebhookWithSecret,
} from './webhook.dto.js';
import { webhookTag, WebhookService } from './webhook.service.js';

/** What webhooks are told are rows of the audit: to say where they go needs the permission to read it. */
@ApiTags('webhooks')
@Controller('webhooks')
export class WebhookController {
  constructor(
    @Inject(WebhookService) private readonly webhooks: WebhookService,
    @Inject(WebhookDeliveryService) private readonly deliveries: WebhookDeliveryService,
  ) {}

  @Post()
  @Requires('webhooks:write', 'audit:read')
  @Fails('address-not-allowed', 'conflict')
  @AnsweredOnce('secret')
  @ApiOperation({ summary: 'Have events sent to a URL; the secret that signs them is answered this once' })
  @ApiCreatedResponse({ type: WebhookWithSecret })
  create(@CallerOf() caller: Caller, @Body() body: NewWebhook): Promise<WebhookWithSecret> {
    return this.webhooks.create(caller, body);
  }

  @Get()
  @Requires('webhooks:read')
  @Fails()
  @ApiOperation({ summary: 'Webhooks, oldest first' })
  @ApiPage(WebhookView)
  list(@CallerOf() caller: Caller, @Query() query: PageQuery): Promise<Page<WebhookView>> {
    return this.webhooks.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('webhooks:read')
  @Tagged(webhookTag)
  @Fails()
  @ApiOperation({ summary: 'One webhook' })
  @ApiOkResponse({ type: WebhookView })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<WebhookView> {
    return this.webhooks.find(caller.tenantId, id);
  }

  @Patch(':id')
  @Requires('webhooks:write', 'audit:read')
  @Tagged(webhookTag)
  @Fails('address-not-allowed')
  @ApiOperation({ summary: 'Change a webhook, or switch it on or off' })
  @ApiOkResponse({ type: WebhookView })
  change(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() body: WebhookChangesBody,
    @IfMatchOf() ifMatch: IfMatch,
  ): Promise<WebhookView> {
    return this.webhooks.change(caller, id, body, ifMatch);
  }

  @Delete(':id')
  @Requires('webhooks:write')
  @Tagged(webhookTag)
  @Fails()
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a webhook with its log' })
  @ApiNoContentResponse()
  remove(@CallerOf() caller: Caller, @IdOf('id') id: string, @IfMatchOf() ifMatch: IfMatch): Promise<void> {
    return this.webhooks.remove(caller, id, ifMatch);
  }

  @Post(':id/rotate-secret')
  @Requires('webhooks:write')
  @Fails()
  @AnsweredOnce('secret')
  @HttpCode(200)
  @ApiOperation({ summary: 'A new secret; for 24 h the old one signs too' })
  @ApiOkResponse({ type: WebhookWithSecret })
  rotate(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<WebhookWithSecret> {
    return this.webhooks.rotate(caller, id);
  }

  @Post(':id/test')
  @Requires('webhooks:write')
  @Fails('conflict')
  @ApiOperation({ summary: 'Send the event `webhook.tested` to it' })
  @ApiCreatedResponse({ type: WebhookDelivery })
  test(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<WebhookDelivery> {
    return this.deliveries.test(caller, id);
  }

  @Get(':id/deliveries')
  @Requires('webhooks:read')
  @Fails()
  @ApiOperation({ summary: 'What was sent, newest first' })
  @ApiPage(WebhookDelivery)
  log(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Query() query: DeliveryQuery,
  ): Promise<Page<WebhookDelivery>> {
    return this.deliveries.list(caller.tenantId, id, query);
  }

  @Post(':id/deliveries/:deliveryId/redeliver')
  @Requires('webhooks:write', 'audit:read')
  @Fails('conflict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send the same event once more' })
  @ApiOkResponse({ type: WebhookDelivery })
  again(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @IdOf('deliveryId') deliveryId: string,
  ): Promise<WebhookDelivery> {
    return this.deliveries.again(caller, id, deliveryId);
  }
}
