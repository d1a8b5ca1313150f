import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { OperatorController } from './operator.controller.js';
import { OperatorService } from './operator.service.js';
import { PasswordService } from './password.service.js';
import { StandingAccessModule } from './standing-access.module.js';

@Module({
  imports: [SessionModule, StandingAccessModule],
  controllers: [OperatorController],
  providers: [OperatorService, PasswordService],
})
export class OperatorModule {}
