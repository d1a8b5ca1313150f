import { Module } from '@nestjs/common';
import { EnrolmentHandler } from './enrolment.handler.js';
import { EnrolmentRepository } from './enrolment.repository.js';
import { EnrolmentService } from './enrolment.service.js';
import { RefusedEnrolments } from './refused-enrolments.js';

@Module({ controllers: [EnrolmentHandler], providers: [EnrolmentService, EnrolmentRepository, RefusedEnrolments] })
export class EnrolmentModule {}
