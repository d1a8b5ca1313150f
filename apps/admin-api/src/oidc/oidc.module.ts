import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { OidcController } from './oidc.controller.js';
import { OidcService } from './oidc.service.js';

@Module({ imports: [SessionModule], controllers: [OidcController], providers: [OidcService] })
export class OidcModule {}
