import { Module } from '@nestjs/common';
import { AgentModule } from '../agent/agent.module.js';
import { KeyfileRepository } from '../keyfile/keyfile.repository.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { ReplacementService } from './replacement.service.js';
import { ActivationRepository } from './activation.repository.js';
import { ActivationService } from './activation.service.js';
import { EnrolmentHandler } from './enrolment.handler.js';
import { EnrolmentRepository } from './enrolment.repository.js';
import { EnrolmentService } from './enrolment.service.js';
import { RefusedEnrolments } from './refused-enrolments.js';

@Module({
  imports: [RevocationModule, AgentModule],
  controllers: [EnrolmentHandler],
  providers: [
    EnrolmentService,
    EnrolmentRepository,
    ActivationService,
    ActivationRepository,
    RefusedEnrolments,
    ReplacementService,
    KeyfileRepository,
  ],
})
export class EnrolmentModule {}
