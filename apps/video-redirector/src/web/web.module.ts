import { Module } from '@nestjs/common';
import { RtspModule } from '../rtsp/rtsp.module.js';
import { ExportMetrics } from '../export/export.metrics.js';
import { ExportRoute } from '../export/export.route.js';
import { HlsRoute } from './hls.route.js';
import { HlsSessions } from './hls.sessions.js';
import { PlayerSocket } from './player.socket.js';
import { WebListener } from './web.listener.js';
import { WebRouter } from './web.router.js';
import { WhepRoute } from './whep.route.js';
import { WebStreamResolver } from './web-stream.resolver.js';

@Module({
  imports: [RtspModule],
  providers: [
    WebStreamResolver,
    PlayerSocket,
    HlsSessions,
    HlsRoute,
    WhepRoute,
    ExportMetrics,
    ExportRoute,
    WebRouter,
    WebListener,
  ],
})
export class WebModule {}
