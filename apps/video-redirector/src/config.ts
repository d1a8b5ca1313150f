import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { cidrList } from '@app/tunnel-dialer';
import { z } from 'zod';

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

export const redirectorEnvironment = commonEnvironment.extend({
  ADIT_RTSP_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 takes a free one. */
  ADIT_RTSP_PORT: z.coerce.number().int().min(0).max(65_535).default(8554),
  ADIT_PLAY_HOST: z.string().min(1).default('127.0.0.1'),
  /** Of the page for browsers; 0 takes a free one. */
  ADIT_PLAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
  /** The page's port is reachable through its machine's loopback alone. */
  ADIT_PLAY_LOOPBACK_PUBLISHED: flag,
  /** Address that WebRTC binds and offers to browsers (UDP); without it there is no WebRTC. */
  ADIT_WEBRTC_HOST: z.ipv4().optional(),
  /** One UDP port for all WebRTC viewers; any free ones without it. */
  ADIT_WEBRTC_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** A proxy that ends TLS stands before the page and says so in X-Forwarded-Proto. */
  ADIT_TLS_PROXY: flag,
  /** Ranges that direct dials may reach although they are private or loopback. */
  ADIT_DIRECT_ALLOW_CIDRS: cidrList,
});

export type RedirectorConfig = z.infer<typeof redirectorEnvironment>;

export const readConfig = (): RedirectorConfig => parseEnvironment(redirectorEnvironment, process.env);
