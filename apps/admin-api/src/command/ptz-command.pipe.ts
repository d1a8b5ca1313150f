import { DomainError } from '@app/contracts';
import { Injectable, type PipeTransform } from '@nestjs/common';
import { requestValidation } from '../http/request-validation.pipe.js';
import { PTZ_COMMANDS, type PtzAction, type PtzCommand } from './ptz-command.dto.js';

/** Reads a body by its `action`, so that what is wrong is told of the form that was meant. */
@Injectable()
export class PtzCommandPipe implements PipeTransform<unknown, Promise<PtzCommand>> {
  private readonly validation = requestValidation();

  async transform(body: unknown): Promise<PtzCommand> {
    const action = (body as { action?: unknown } | undefined)?.action;
    if (!isAction(action)) {
      const detail = `one of ${Object.keys(PTZ_COMMANDS).join(', ')}`;
      throw new DomainError('invalid-request', 'the request is not valid: see errors', {
        fields: [{ pointer: '/action', detail }],
      });
    }
    const metatype = PTZ_COMMANDS[action];
    return (await this.validation.transform(body, { type: 'body', metatype })) as PtzCommand;
  }
}

const isAction = (action: unknown): action is PtzAction =>
  typeof action === 'string' && Object.hasOwn(PTZ_COMMANDS, action);
