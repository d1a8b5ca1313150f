import { Module } from '@nestjs/common';
import { KeyfileRepository } from '../keyfile/keyfile.repository.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { AgentHandler } from './agent.handler.js';
import { AgentRepository } from './agent.repository.js';
import { AgentService } from './agent.service.js';
import { ReturnRepository } from './return.repository.js';
import { ReturnService } from './return.service.js';

@Module({
  imports: [RevocationModule],
  controllers: [AgentHandler],
  providers: [AgentService, AgentRepository, ReturnService, ReturnRepository, KeyfileRepository],
  exports: [AgentService],
})
export class AgentModule {}
