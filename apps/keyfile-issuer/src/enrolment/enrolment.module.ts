import { Module } from '@nestjs/common';
import { KeyfileRepository } from '../keyfile/keyfile.repository.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { EnrolmentHandler } from './enrolment.handler.js';
import { EnrolmentRepository } from './enrolment.repository.js';
import { EnrolmentService } from './enrolment.service.js';
import { ReplacementService } from './replacement.service.js';

@Module({
  imports: [RevocationModule],
  controllers: [EnrolmentHandler],
  providers: [EnrolmentService, EnrolmentRepository, ReplacementService, KeyfileRepository],
})
export class EnrolmentModule {}
