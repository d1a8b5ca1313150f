import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { IsIn, IsNumber, IsString, Length, Max, Min } from 'class-validator';

const MAX_PRESET = 200;

const Velocity = (what: string): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: 'number', minimum: -1, maximum: 1, description: `${what}; 0 stands still` }),
    IsNumber({ allowNaN: false, allowInfinity: false }),
    Min(-1),
    Max(1),
  );

const Action = (...actions: string[]): PropertyDecorator =>
  applyDecorators(ApiProperty({ enum: actions }), IsIn(actions));

export class PtzMoveCommand {
  @Action('move')
  action!: 'move';

  @Velocity('speed to the right')
  pan!: number;

  @Velocity('speed upwards')
  tilt!: number;

  @Velocity('speed of zooming in')
  zoom!: number;
}

export class PtzPresetCommand {
  @Action('preset')
  action!: 'preset';

  @ApiProperty({ minLength: 1, maxLength: MAX_PRESET, description: 'of `GET /cameras/{id}/ptz`' })
  @IsString()
  @Length(1, MAX_PRESET)
  preset!: string;
}

export class PtzPlainCommand {
  @Action('stop', 'home', 'lock', 'unlock')
  action!: 'stop' | 'home' | 'lock' | 'unlock';
}

export type PtzCommand = PtzMoveCommand | PtzPresetCommand | PtzPlainCommand;

/** The form of each action; they tell each other apart by it alone. */
export const PTZ_COMMANDS = {
  move: PtzMoveCommand,
  preset: PtzPresetCommand,
  stop: PtzPlainCommand,
  home: PtzPlainCommand,
  lock: PtzPlainCommand,
  unlock: PtzPlainCommand,
} as const;
export type PtzAction = keyof typeof PTZ_COMMANDS;

export const ApiPtzCommand = (): MethodDecorator => {
  const forms = [...new Set<new () => PtzCommand>(Object.values(PTZ_COMMANDS))];
  const mapping = Object.fromEntries(Object.entries(PTZ_COMMANDS).map(([name, form]) => [name, getSchemaPath(form)]));
  return applyDecorators(
    ApiExtraModels(...forms),
    ApiBody({
      schema: {
        oneOf: forms.map((form) => ({ $ref: getSchemaPath(form) })),
        discriminator: { propertyName: 'action', mapping },
      },
    }),
  );
};
