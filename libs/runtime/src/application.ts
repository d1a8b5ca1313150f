import 'reflect-metadata';
import type { INestApplicationContext, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import type { Registry } from 'prom-client';
import type { CommonEnvironment } from './environment.js';
import { ConfigurationError, EXIT, PortInUseError } from './errors.js';
import { HealthServer } from './health/health.server.js';
import { createLogger, NestLogger, type AppLogger } from './logger.js';
import { natsOptions } from './messaging/nats.js';

export interface CloudApp<Config extends CommonEnvironment> {
  name: string;
  /** Called first; a ConfigurationError ends the start with exit code 78. */
  config: () => Config;
  module: (config: Config) => Type | Promise<Type>;
  /** For an app that serves HTTP instead of messages: makes the Nest application, initialised and not yet listening. */
  create?: (module: Type, config: Config, logger: LoggerService) => Promise<INestApplicationContext>;
  /** Opens the app's own listeners after messaging is up. @returns their ports, reported with readiness */
  listen?: (context: INestApplicationContext, config: Config) => Promise<Record<string, number>>;
  /** Name → works? For `/health/ready`. */
  checks?: (context: INestApplicationContext) => Record<string, () => Promise<boolean> | boolean>;
  /** The app's own figures, for `/metrics`. */
  registry?: (context: INestApplicationContext) => Registry;
  /** Longest orderly stop, for an app that has to let others finish. */
  stopTimeoutMs?: (config: Config) => number;
}

/** Longest orderly stop; what is still open then is cut. */
const STOP_TIMEOUT_MS = 2_500;

/** Runs one cloud app until SIGTERM or SIGINT: config, Nest with its message handlers, listeners, health, readiness, orderly stop. */
export const runCloudApp = async <Config extends CommonEnvironment>(app: CloudApp<Config>): Promise<void> => {
  let logger = createLogger(app.name, 'info');
  try {
    const config = app.config();
    logger = createLogger(app.name, config.ADIT_LOG_LEVEL);
    guardProcess(logger);
    const create = app.create ?? ((...args) => createMicroservice(app.name, ...args));
    const nest = await create(await app.module(config), config, new NestLogger(logger));
    const ports = (await app.listen?.(nest, config)) ?? {};
    const health = await startHealth(app, nest, config);
    const stop = async (): Promise<void> => {
      await health?.close();
      await nest.close();
    };
    stopOnSignal(logger, stop, app.stopTimeoutMs?.(config));
    if (health !== undefined) ports['health'] = health.port;
    logger.info({ ports }, 'ready');
    process.send?.({ type: 'ready', app: app.name, ports });
  } catch (error) {
    exitWith(logger, error);
  }
};

const createMicroservice = async (
  name: string,
  module: Type,
  config: CommonEnvironment,
  logger: LoggerService,
): Promise<INestApplicationContext> => {
  const nest = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    transport: Transport.NATS,
    options: natsOptions(name, config),
    logger,
    abortOnError: false,
  });
  await nest.listen();
  return nest;
};

const startHealth = async <Config extends CommonEnvironment>(
  app: CloudApp<Config>,
  context: INestApplicationContext,
  config: Config,
): Promise<{ port: number; close: () => Promise<void> } | undefined> => {
  if (config.ADIT_HEALTH_PORT === undefined) return undefined;
  const server = new HealthServer({
    host: config.ADIT_HEALTH_HOST,
    port: config.ADIT_HEALTH_PORT,
    app: app.name,
    checks: app.checks?.(context) ?? {},
    ...(app.registry === undefined ? {} : { registry: app.registry(context) }),
  });
  return { port: await server.listen(), close: () => server.close() };
};

/** A bug in one handler must not take the app's other users down silently: log it, and end when nothing is certain any more. */
const guardProcess = (logger: AppLogger): void => {
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => exitWith(logger, error));
};

export const stopOnSignal = (
  logger: AppLogger,
  stop: () => Promise<void>,
  timeoutMs: number = STOP_TIMEOUT_MS,
): void => {
  let stopping = false;
  const end = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(EXIT.ok), timeoutMs).unref();
    stop().then(
      () => process.exit(EXIT.ok),
      (error: unknown) => exitWith(logger, error),
    );
  };
  process.once('SIGTERM', () => end('SIGTERM'));
  process.once('SIGINT', () => end('SIGINT'));
};

export const exitWith = (logger: AppLogger, error: unknown): never => {
  if (error instanceof ConfigurationError || error instanceof PortInUseError) logger.fatal(error.message);
  else logger.fatal({ err: error }, 'the app cannot go on');
  process.exit(
    error instanceof ConfigurationError
      ? EXIT.configuration
      : error instanceof PortInUseError
        ? EXIT.portInUse
        : EXIT.failure,
  );
};
