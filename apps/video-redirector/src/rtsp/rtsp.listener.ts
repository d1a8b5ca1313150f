import { RtspServer } from '@app/media';
import { CONFIG, PortInUseError } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RedirectorConfig } from '../config.js';
import { StreamResolver } from '../streams/stream.resolver.js';
import { RedirectorMetrics } from './redirector.metrics.js';

/** A cold stream is opened before its viewer counts as admitted. */
const AUTHENTICATION_TIMEOUT_MS = 15_000;

/** The RTSP port for viewers. */
@Injectable()
export class RtspListener implements OnApplicationShutdown {
  private readonly server: RtspServer;

  constructor(
    @Inject(CONFIG) private readonly config: RedirectorConfig,
    streams: StreamResolver,
    metrics: RedirectorMetrics,
  ) {
    const options = { authenticationTimeoutMs: AUTHENTICATION_TIMEOUT_MS };
    this.server = new RtspServer((request) => streams.resolve(request), options, metrics);
  }

  /** @returns the port. @throws PortInUseError */
  async listen(): Promise<number> {
    const { ADIT_RTSP_HOST: host, ADIT_RTSP_PORT: port } = this.config;
    try {
      return (await this.server.listen(port, host)).port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
        throw new PortInUseError(host, port, 'ADIT_RTSP_PORT');
      throw error;
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}
