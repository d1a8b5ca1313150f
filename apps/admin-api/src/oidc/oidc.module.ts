import { Module } from '@nestjs/common';
import { StandingAccessModule } from '../operator/standing-access.module.js';
import { SessionModule } from '../session/session.module.js';
import { OidcController } from './oidc.controller.js';
import { OidcService } from './oidc.service.js';

@Module({ imports: [SessionModule, StandingAccessModule], controllers: [OidcController], providers: [OidcService] })
export class OidcModule {}
