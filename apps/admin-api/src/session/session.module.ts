import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { BearerGuard } from './bearer.guard.js';
import { FirstOperator } from './first-operator.service.js';
import { PasswordHasher } from './password.js';
import { SessionController } from './session.controller.js';
import { SessionService } from './session.service.js';
import { SignInLimit } from './sign-in-limit.js';

@Module({
  controllers: [SessionController],
  providers: [
    { provide: APP_GUARD, useClass: BearerGuard },
    { provide: SignInLimit, useFactory: () => new SignInLimit() },
    PasswordHasher,
    FirstOperator,
    SessionService,
  ],
})
export class SessionModule {}
