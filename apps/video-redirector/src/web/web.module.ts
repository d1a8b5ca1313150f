import { Module } from '@nestjs/common';
import { RtspModule } from '../rtsp/rtsp.module.js';
import { PlayerSocket } from './player.socket.js';
import { WebListener } from './web.listener.js';
import { WebRouter } from './web.router.js';
import { WebStreamResolver } from './web-stream.resolver.js';

@Module({ imports: [RtspModule], providers: [WebStreamResolver, PlayerSocket, WebRouter, WebListener] })
export class WebModule {}
