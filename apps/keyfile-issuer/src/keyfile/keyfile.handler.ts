import {
  keyfileDelivered,
  keyfileGet,
  keyfileIssue,
  keyfileList,
  keyfileRegenerate,
  keyfileRevoke,
  type KeyfileSummary,
} from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { KeyfileRegeneration } from './keyfile-regeneration.service.js';
import { KeyfileService } from './keyfile.service.js';

@Controller()
export class KeyfileHandler {
  constructor(
    private readonly keyfiles: KeyfileService,
    private readonly regeneration: KeyfileRegeneration,
  ) {}

  @HandleRequest(keyfileIssue)
  issue(@Payload() request: z.output<typeof keyfileIssue.request>): Promise<z.input<typeof keyfileIssue.reply>> {
    return this.keyfiles.issue(request);
  }

  @HandleRequest(keyfileRegenerate)
  regenerate(
    @Payload() request: z.output<typeof keyfileRegenerate.request>,
  ): Promise<z.input<typeof keyfileRegenerate.reply>> {
    return this.regeneration.regenerate(request);
  }

  @HandleRequest(keyfileDelivered)
  async delivered(
    @Payload() request: z.output<typeof keyfileDelivered.request>,
  ): Promise<z.input<typeof keyfileDelivered.reply>> {
    return { noted: await this.keyfiles.noteDelivery(request) };
  }

  @HandleRequest(keyfileList)
  list(@Payload() request: z.output<typeof keyfileList.request>): Promise<z.input<typeof keyfileList.reply>> {
    return this.keyfiles.list(request);
  }

  @HandleRequest(keyfileGet)
  get(@Payload() request: z.output<typeof keyfileGet.request>): Promise<KeyfileSummary> {
    return this.keyfiles.get(request.tenantId, request.keyfileId);
  }

  @HandleRequest(keyfileRevoke)
  revoke(@Payload() request: z.output<typeof keyfileRevoke.request>): Promise<KeyfileSummary> {
    return this.keyfiles.revoke(request);
  }
}
