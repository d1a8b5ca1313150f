import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import type { Caller } from '../http/request.js';
import { CommandDone, OutputCommand, PtzStatus, RecordingCommand } from './command.dto.js';
import { CommandService } from './command.service.js';
import { ApiPtzCommand, type PtzCommand } from './ptz-command.dto.js';
import { PtzCommandPipe } from './ptz-command.pipe.js';

const NO_CONTACT = [
  'role-not-connected',
  'site-offline',
  'site-unreachable',
  'directory-refused',
  'site-right-missing',
] as const;
const NO_OUTCOME = ['command-unsupported', 'command-failed', 'command-timeout', ...NO_CONTACT] as const;

@ApiTags('commands')
@Controller()
export class CommandController {
  constructor(@Inject(CommandService) private readonly commands: CommandService) {}

  @Get('cameras/:id/ptz')
  @Requires('cameras:read')
  @Fails('camera-not-found', ...NO_OUTCOME)
  @ApiOperation({ summary: 'Presets of a camera that can be turned, and who steers or has locked it' })
  @ApiOkResponse({ type: PtzStatus })
  status(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<PtzStatus> {
    return this.commands.ptzStatus(caller, id);
  }

  @Post('cameras/:id/ptz')
  @HttpCode(200)
  @Requires('entities:control')
  @Fails('camera-not-found', 'ptz-held', 'command-refused', ...NO_OUTCOME)
  @ApiOperation({
    summary: 'Turn a camera, or lock it: docs/commands.md',
    description: 'A `move` lasts for 3 s; whoever goes on repeats it each second.',
  })
  @ApiPtzCommand()
  @ApiOkResponse({ type: CommandDone })
  ptz(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body(PtzCommandPipe) command: PtzCommand,
  ): Promise<CommandDone> {
    return this.commands.ptz(caller, id, command);
  }

  @Post('cameras/:id/recording')
  @HttpCode(200)
  @Requires('entities:control')
  @Fails('camera-not-found', 'command-refused', ...NO_OUTCOME)
  @ApiOperation({ summary: 'Have the site record a camera, or end it' })
  @ApiOkResponse({ type: CommandDone })
  recording(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Body() { recording }: RecordingCommand,
  ): Promise<CommandDone> {
    return this.commands.setRecording(caller, id, recording);
  }

  @Post('outputs/:id/state')
  @HttpCode(200)
  @Requires('entities:control')
  @Fails('output-not-found', 'command-refused', ...NO_OUTCOME)
  @ApiOperation({ summary: 'Switch an output of a site, such as a relay' })
  @ApiOkResponse({ type: CommandDone })
  output(@CallerOf() caller: Caller, @IdOf('id') id: string, @Body() { active }: OutputCommand): Promise<CommandDone> {
    return this.commands.setOutput(caller, id, active);
  }
}
