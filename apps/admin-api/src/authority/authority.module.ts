import { Module } from '@nestjs/common';
import { AuthorityController } from './authority.controller.js';
import { AuthorityService } from './authority.service.js';

@Module({ controllers: [AuthorityController], providers: [AuthorityService] })
export class AuthorityModule {}
