import { Controller, Get, Inject, Ip, Query, Req, Res } from '@nestjs/common';
import { ApiExtension, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Fails } from '../http/fails.decorator.js';
import { ANY_QUERY } from '../http/known-surface.middleware.js';
import type { ApiRequest } from '../http/request.js';
import { Public } from '../session/public.decorator.js';
import { readCookie, setSessionCookie, writeCookie } from '../session/session-cookie.js';
import { AuthorizeQuery } from './oidc.dto.js';
import { OidcService } from './oidc.service.js';
import { STATE_SECONDS } from './sign-in-state.js';

const STATE_COOKIE = 'oidc';

/** For browsers: both answers are redirects. */
@ApiTags('sessions')
@Controller('oidc')
export class OidcController {
  constructor(@Inject(OidcService) private readonly oidc: OidcService) {}

  @Get('authorize')
  @Public()
  @Fails('not-found')
  @ApiOperation({ summary: 'Sign in by the identity provider', security: [] })
  @ApiResponse({ status: 303, description: 'to the identity provider' })
  async authorize(
    @Query() query: AuthorizeQuery,
    @Req() request: ApiRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { url, sealedState } = await this.oidc.begin(query.returnTo);
    const expiresAt = new Date(Date.now() + STATE_SECONDS * 1_000);
    // Lax, because the way back comes from the provider's site.
    writeCookie(request, response, STATE_COOKIE, sealedState, { sameSite: 'lax', expiresAt });
    response.status(303).location(url).end();
  }

  @Get('callback')
  @Public()
  @Fails('not-found', 'oidc-refused', 'unauthenticated')
  @ApiOperation({ summary: 'The identity provider’s way back; opens a session in a cookie', security: [] })
  @ApiExtension(ANY_QUERY, true)
  @ApiResponse({ status: 303, description: 'to `returnTo`' })
  async callback(@Ip() address: string, @Req() request: ApiRequest, @Res() response: Response): Promise<void> {
    const sealedState = readCookie(request, STATE_COOKIE);
    writeCookie(request, response, STATE_COOKIE, '', { sameSite: 'lax', expiresAt: new Date(0) });
    const { search } = new URL(request.originalUrl, 'http://localhost');
    const { session, returnTo } = await this.oidc.finish(search, sealedState, address);
    setSessionCookie(request, response, session.token, session.expiresAt);
    response.status(303).location(returnTo).end();
  }
}
