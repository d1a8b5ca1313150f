import { Module } from '@nestjs/common';
import { RevocationModule } from '../revocation/revocation.module.js';
import { LostAgentRepository } from './lost-agent.repository.js';
import { LostAgentService } from './lost-agent.service.js';
import { RecoveryHandler } from './recovery.handler.js';
import { RecoveryRepository } from './recovery.repository.js';
import { RecoveryService } from './recovery.service.js';

@Module({
  imports: [RevocationModule],
  controllers: [RecoveryHandler],
  providers: [RecoveryService, RecoveryRepository, LostAgentService, LostAgentRepository],
})
export class RecoveryModule {}
