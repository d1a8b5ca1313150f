import { type AppLogger, LOGGER, PortInUseError } from '@app/runtime';
import { isWithin, parseCidrs } from '@app/tunnel-dialer';
import type { INestApplicationContext, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import type { AdminConfig } from '../config.js';
import { describeApi, serveApiPage } from '../openapi/document.js';
import { addressLimit } from '../rate-limit/address-limit.middleware.js';
import { auditUnderRequestId, correlation } from './correlation.middleware.js';
import { BODY_LIMIT_BYTES, isJsonBody, jsonBody } from './json-body.middleware.js';
import { knownSurface } from './known-surface.middleware.js';
import { securityHeaders } from './security-headers.middleware.js';
import { storableAddress } from './storable-address.middleware.js';
import { secureTransport } from './transport.middleware.js';

const API = '/api/v1';
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often Node looks for requests that are late; its own 30 s would give them that much more. */
const LATE_CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;
const MAX_CONNECTIONS = 1_024;

/** Builds the HTTP application; the order of the middleware is the order of the checks. */
export const createHttpApp = async (
  module: Type,
  config: AdminConfig,
  logger: LoggerService,
): Promise<NestExpressApplication> => {
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger,
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.setGlobalPrefix(API);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  const proxies = config.ADIT_TLS_PROXY ? parseCidrs(config.ADIT_TLS_PROXY_FROM) : [];
  app.set('trust proxy', (address: string, hop: number) => hop === 0 && isWithin(address, proxies));
  app.use(correlation(app.get<AppLogger>(LOGGER)));
  app.use(securityHeaders);
  const document = describeApi(app);
  app.use(
    API,
    secureTransport({
      tlsProxy: config.ADIT_TLS_PROXY,
      proxies,
      loopbackPublished: config.ADIT_HTTP_LOOPBACK_PUBLISHED,
    }),
  );
  app.use(API, addressLimit(config.ADIT_HTTP_ADDRESS_REQUESTS_PER_10_S));
  app.use(API, storableAddress);
  app.use(knownSurface(document));
  app.useBodyParser('raw', { type: isJsonBody, limit: BODY_LIMIT_BYTES, inflate: false });
  app.use(API, jsonBody);
  app.use(API, auditUnderRequestId);
  serveApiPage(app, document);
  await app.init();
  return app;
};

/** @throws PortInUseError */
export const listen = async (
  context: INestApplicationContext,
  config: AdminConfig,
): Promise<Record<string, number>> => {
  const app = context as NestExpressApplication;
  const server = app.getHttpServer();
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  Object.assign(server, { connectionsCheckingInterval: LATE_CHECK_MS });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const { ADIT_HTTP_HOST: host, ADIT_HTTP_PORT: port } = config;
  try {
    await app.listen(port, host);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortInUseError(host, port, 'ADIT_HTTP_PORT');
    throw error;
  }
  return { http: (server.address() as AddressInfo).port };
};
