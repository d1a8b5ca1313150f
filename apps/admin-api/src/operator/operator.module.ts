import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { OperatorController } from './operator.controller.js';
import { OperatorService } from './operator.service.js';
import { PasswordService } from './password.service.js';

@Module({
  imports: [SessionModule],
  controllers: [OperatorController],
  providers: [OperatorService, PasswordService],
})
export class OperatorModule {}
