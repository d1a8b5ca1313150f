import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { cidrList } from '@app/tunnel-dialer';
import { z } from 'zod';

export const redirectorEnvironment = commonEnvironment.extend({
  ADIT_RTSP_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 takes a free one. */
  ADIT_RTSP_PORT: z.coerce.number().int().min(0).max(65_535).default(8554),
  /** Ranges that direct dials may reach although they are private or loopback. */
  ADIT_DIRECT_ALLOW_CIDRS: cidrList,
});

export type RedirectorConfig = z.infer<typeof redirectorEnvironment>;

export const readConfig = (): RedirectorConfig => parseEnvironment(redirectorEnvironment, process.env);
