import { cameraPtz, DomainError, type EntityCommand, entityExecute } from '@app/contracts';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { highestLevelOf } from '../access/user-level.js';
import type { Caller } from '../http/request.js';
import type { CommandDone, PtzStatus } from './command.dto.js';
import { DeviceTimes } from './device-times.js';
import type { PtzCommand } from './ptz-command.dto.js';

/** Nobody begins a command that is older. */
const LIFETIME_MS = 8_000;

/** Asks federation, which has contact with the sites and keeps the audit of commands. */
@Injectable()
export class CommandService {
  constructor(
    @Inject(MessageClient) private readonly messages: MessageClient,
    @Inject(DeviceTimes) private readonly deviceTimes: DeviceTimes,
  ) {}

  /** @throws DomainError `camera-not-found`, `ptz-held`, `command-refused`, `command-timeout`, … */
  ptz(caller: Caller, cameraId: string, asked: PtzCommand): Promise<CommandDone> {
    return this.execute(caller, 'camera', cameraId, commandOf(asked));
  }

  async ptzStatus({ tenantId }: Caller, cameraId: string): Promise<PtzStatus> {
    return this.messages.request(cameraPtz, { tenantId, cameraId });
  }

  /** @throws DomainError `output-not-found`, `command-refused`, `command-timeout`, … */
  setOutput(caller: Caller, outputId: string, active: boolean): Promise<CommandDone> {
    return this.execute(caller, 'output', outputId, { kind: 'set-output', active });
  }

  setRecording(caller: Caller, cameraId: string, recording: boolean): Promise<CommandDone> {
    return this.execute(caller, 'camera', cameraId, { kind: 'set-recording', recording });
  }

  private async execute(
    { tenantId, actor, correlationId, permissions }: Caller,
    entityKind: 'camera' | 'output',
    entityId: string,
    command: EntityCommand,
  ): Promise<CommandDone> {
    const startedMs = Date.now();
    const expiresAt = new Date(startedMs + LIFETIME_MS).toISOString();
    const who = { tenantId, actor, correlationId, level: highestLevelOf(permissions) };
    try {
      const done = await this.messages.request(entityExecute, { ...who, entityKind, entityId, command, expiresAt });
      if (done.deviceMs !== null) this.deviceTimes.note(tenantId, entityId, done.deviceMs);
      return done;
    } catch (cause) {
      if (cause instanceof DomainError && cause.options.hop === 'device') {
        this.deviceTimes.note(tenantId, entityId, Date.now() - startedMs);
      }
      if (!(cause instanceof DomainError && cause.code === 'timeout')) throw cause;
      throw new DomainError('command-timeout', 'the federation app has not answered in time', {
        hop: 'federation',
        cause,
      });
    }
  }
}

const commandOf = (asked: PtzCommand): EntityCommand => {
  switch (asked.action) {
    case 'move': {
      const { pan, tilt, zoom } = asked;
      return { kind: 'ptz-move', pan, tilt, zoom };
    }
    case 'preset':
      return { kind: 'ptz-preset', preset: asked.preset };
    case 'stop':
      return { kind: 'ptz-stop' };
    case 'home':
      return { kind: 'ptz-home' };
    case 'lock':
      return { kind: 'ptz-lock', locked: true };
    case 'unlock':
      return { kind: 'ptz-lock', locked: false };
  }
};
