import { Module } from '@nestjs/common';
import { RevocationRepository } from './revocation.repository.js';
import { RevocationService } from './revocation.service.js';

@Module({ providers: [RevocationService, RevocationRepository], exports: [RevocationService] })
export class RevocationModule {}
