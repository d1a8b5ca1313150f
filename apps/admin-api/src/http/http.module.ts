import { Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { CallerLimitInterceptor } from '../rate-limit/caller-limit.interceptor.js';
import { ProblemFilter } from './problem.filter.js';
import { requestValidation } from './request-validation.pipe.js';

@Module({
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_INTERCEPTOR, useClass: CallerLimitInterceptor },
    { provide: APP_PIPE, useFactory: requestValidation },
  ],
})
export class HttpModule {}
