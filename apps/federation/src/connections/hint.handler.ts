import { siteChanged, tunnelDown, tunnelUp } from '@app/contracts';
import { HandleEvent } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { ConnectionSupervisor } from './connection.supervisor.js';

/** Hints may be lost: each only makes something happen sooner. */
@Controller()
export class HintHandler {
  constructor(private readonly supervisor: ConnectionSupervisor) {}

  @HandleEvent(siteChanged)
  siteChanged(): void {
    this.supervisor.siteChanged();
  }

  @HandleEvent(tunnelUp)
  tunnelUp(@Payload() { siteId }: z.output<typeof tunnelUp.body>): void {
    this.supervisor.kickSite(siteId);
  }

  @HandleEvent(tunnelDown)
  tunnelDown(@Payload() { siteId }: z.output<typeof tunnelDown.body>): void {
    this.supervisor.kickSite(siteId);
  }
}
