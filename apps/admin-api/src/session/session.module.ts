import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from '../access/access.guard.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { FirstOperator } from './first-operator.service.js';
import { PasswordHasher } from './password.js';
import { RefusedSignIns } from './refused-sign-ins.js';
import { SessionController } from './session.controller.js';
import { SessionService } from './session.service.js';
import { SignInLimit } from './sign-in-limit.js';

@Module({
  controllers: [SessionController],
  // The guards run in this order: who is it, then may he.
  providers: [
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    { provide: APP_GUARD, useClass: AccessGuard },
    SignInLimit,
    RefusedSignIns,
    PasswordHasher,
    FirstOperator,
    SessionService,
  ],
  exports: [PasswordHasher, RefusedSignIns, SessionService, SignInLimit],
})
export class SessionModule {}
