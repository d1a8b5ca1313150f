import { parseArgs } from 'node:util';

export interface DemoCameraConfig {
  /** Listening address; loopback unless told otherwise. */
  bind: string;
  /** 0 takes a free port. */
  port: number;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads the command line; throws a ConfigError that names the option. */
export function readConfig(args: string[]): DemoCameraConfig {
  const options = { port: { type: 'string', default: '0' }, bind: { type: 'string', default: '127.0.0.1' } } as const;
  let values: { port: string; bind: string };
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535)
    throw new ConfigError(`--port must be 0 to 65535, not '${values.port}'`);
  if (values.bind === '') throw new ConfigError('--bind must be an address');
  return { bind: values.bind, port };
}
