import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../http/problem.dto.js';
import { makeExact } from './exact.js';

/** In the order of the work; what a version lacks stands last. */
const TAGS = [
  'sessions',
  'sites',
  'keyfiles',
  'onboarding',
  'agents',
  'tunnels',
  'federation roles',
  'cameras',
  'events',
  'alarms',
  'entities',
  'view tickets',
  'stream accounts',
  'operators',
  'API tokens',
  'webhooks',
  'audit',
  'tenants',
  'authority',
  'recovery',
];

const DESCRIPTION = [
  'Sites, keyfiles, tunnels, federation roles, entities, cameras and view tickets of one tenant.',
  'Sign in with `POST /api/v1/sessions` and send the token as `Authorization: Bearer …`, or make an API token for a program.',
  'Every failure is an RFC 9457 problem document: decide by its `code`.',
  'Lists answer `{ items, nextCursor }`; give `nextCursor` as `cursor` for the next page.',
].join('\n\n');

export const describeApi = (app: NestExpressApplication): OpenAPIObject => {
  const config = new DocumentBuilder()
    .setTitle('Adit administration API')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth()
    .addSecurityRequirements('bearer');
  for (const tag of TAGS) config.addTag(tag);
  const document = SwaggerModule.createDocument(app, config.build(), { extraModels: [Problem] });
  makeExact(document);
  return document;
};

/** `/api/v1/openapi.json`, and a page at `/api/docs` whose every file comes from this app. */
export const serveApiPage = (app: NestExpressApplication, document: OpenAPIObject): void => {
  SwaggerModule.setup('api/docs', app, document, {
    jsonDocumentUrl: 'api/v1/openapi.json',
    raw: ['json'],
    customSiteTitle: 'Adit API',
    // The default would send the document's address to a validator on the internet.
    swaggerOptions: { validatorUrl: null },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (request.path === '/') response.redirect('/api/docs');
    else next();
  });
};
