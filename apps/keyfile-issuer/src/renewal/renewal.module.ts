import { Module } from '@nestjs/common';
import { RenewalHandler } from './renewal.handler.js';
import { RenewalRepository } from './renewal.repository.js';
import { RenewalService } from './renewal.service.js';

@Module({ controllers: [RenewalHandler], providers: [RenewalService, RenewalRepository] })
export class RenewalModule {}
