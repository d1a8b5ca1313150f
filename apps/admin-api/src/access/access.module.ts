import { Global, Module } from '@nestjs/common';
import { RefusedRequests } from './refused-requests.js';

@Global()
@Module({ providers: [RefusedRequests], exports: [RefusedRequests] })
export class AccessModule {}
