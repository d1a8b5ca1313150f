import { RtspServer } from '@app/media';
import { CONFIG, LOGGER, PortInUseError, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RedirectorConfig } from '../config.js';
import { readNetworks } from '../networks/networks-file.js';
import { StreamResolver } from '../streams/stream.resolver.js';
import { RedirectorMetrics } from './redirector.metrics.js';
import { openRtspsCertificate } from './rtsps-certificate.js';

/** A cold stream is opened before its viewer counts as admitted. */
const AUTHENTICATION_TIMEOUT_MS = 15_000;

/** The RTSP ports for viewers. */
@Injectable()
export class RtspListener implements OnApplicationShutdown {
  private readonly server: RtspServer;

  constructor(
    @Inject(CONFIG) private readonly config: RedirectorConfig,
    streams: StreamResolver,
    metrics: RedirectorMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    const options = { authenticationTimeoutMs: AUTHENTICATION_TIMEOUT_MS };
    const datagrams = readNetworks(config.ADIT_NETWORKS_FILE);
    this.server = new RtspServer((request) => streams.resolve(request), options, metrics, datagrams);
  }

  /** @returns the ports. @throws PortInUseError, ConfigurationError for a certificate that cannot be used */
  async listen(): Promise<{ rtsp: number; rtsps?: number }> {
    const { ADIT_RTSP_HOST: host, ADIT_RTSP_PORT: port, ADIT_RTSPS_PORT: tlsPort } = this.config;
    const rtsp = await orInUse(this.server.listen(port, host), host, port, 'ADIT_RTSP_PORT');
    if (tlsPort === undefined) return { rtsp };
    const { context, fingerprint } = await openRtspsCertificate(this.config);
    const rtsps = await orInUse(this.server.listenTls(tlsPort, host, context), host, tlsPort, 'ADIT_RTSPS_PORT');
    this.logger.info({ port: rtsps, fingerprint }, 'RTSPS is served');
    return { rtsp, rtsps };
  }

  onApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}

const orInUse = async (
  listening: Promise<{ port: number }>,
  host: string,
  port: number,
  key: string,
): Promise<number> => {
  try {
    return (await listening).port;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortInUseError(host, port, key);
    throw error;
  }
};
