import { Module } from '@nestjs/common';
import { ActivationRepository } from './activation.repository.js';
import { ActivationService } from './activation.service.js';
import { EnrolmentHandler } from './enrolment.handler.js';
import { EnrolmentRepository } from './enrolment.repository.js';
import { EnrolmentService } from './enrolment.service.js';

@Module({
  controllers: [EnrolmentHandler],
  providers: [EnrolmentService, EnrolmentRepository, ActivationService, ActivationRepository],
})
export class EnrolmentModule {}
