import { commonEnvironment, ConfigurationError, parseEnvironment } from '@app/runtime';
import { cidrList } from '@app/tunnel-dialer';
import { z } from 'zod';

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

const capacity = z.coerce.number().int().min(0).max(1_000_000).optional();
const bandwidth = z.coerce.number().positive().max(1_000_000).optional();

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
  /** Exports of recordings at the same time; 0 allows none. */
  ADIT_EXPORT_CAPACITY: z.coerce.number().int().min(0).max(1_000).default(8),
  /** A proxy that ends TLS stands before the page and says so in X-Forwarded-Proto. */
  ADIT_TLS_PROXY: flag,
  /** Where that proxy connects from: nobody else is believed what he forwards. */
  ADIT_TLS_PROXY_FROM: cidrList.prefault('127.0.0.0/8,::1/128'),
  /** RTSP inside TLS; off without a port. */
  ADIT_RTSPS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  /** PEM, the chain of the certificate after it. */
  ADIT_RTSPS_CERTIFICATE_FILE: z.string().optional(),
  /** PEM, mode 0600. */
  ADIT_RTSPS_KEY_FILE: z.string().optional(),
  /** Where a certificate of this redirector's own is kept when no other is given. */
  ADIT_DATA_DIR: z.string().min(1).optional(),
  /** Names and addresses in that certificate. */
  ADIT_SERVER_NAMES: z
    .string()
    .default('localhost,127.0.0.1,::1')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'names and addresses, separated by commas'))),
  /** Networks that RTP may go to in datagrams: docs/video-networks.md. */
  ADIT_NETWORKS_FILE: z.string().optional(),
  /** Viewers at once, of live pictures and of recordings; any number without it. */
  ADIT_LIVE_CAPACITY: capacity,
  ADIT_PLAYBACK_CAPACITY: capacity,
  /** Mbit/s that go out to them; any without it. */
  ADIT_LIVE_BANDWIDTH_MBIT: bandwidth,
  ADIT_PLAYBACK_BANDWIDTH_MBIT: bandwidth,
  /** Ranges that direct dials may reach although they are private or loopback. */
  ADIT_DIRECT_ALLOW_CIDRS: cidrList,
});

export type RedirectorConfig = z.infer<typeof redirectorEnvironment>;

/** @throws ConfigurationError when settings contradict each other */
export const checkConfig = (config: RedirectorConfig): RedirectorConfig => {
  const { ADIT_RTSPS_CERTIFICATE_FILE: certificate, ADIT_RTSPS_KEY_FILE: key } = config;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new ConfigurationError(
      'configuration: ADIT_RTSPS_CERTIFICATE_FILE and ADIT_RTSPS_KEY_FILE go together: one is missing',
    );
  }
  if (config.ADIT_RTSPS_PORT !== undefined && key === undefined && config.ADIT_DATA_DIR === undefined) {
    throw new ConfigurationError(
      'configuration: ADIT_RTSPS_PORT: needs ADIT_RTSPS_CERTIFICATE_FILE and ADIT_RTSPS_KEY_FILE, or ADIT_DATA_DIR to keep a certificate of its own',
    );
  }
  return config;
};

export const readConfig = (): RedirectorConfig => checkConfig(parseEnvironment(redirectorEnvironment, process.env));
