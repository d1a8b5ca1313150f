import { Module } from '@nestjs/common';
import { SiteLinkFactory } from '../streams/site-link.factory.js';
import { RunningStreams } from '../streams/running-streams.js';
import { StreamControl } from '../streams/stream.control.js';
import { StreamHandler } from '../streams/stream.handler.js';
import { StreamJournal } from '../streams/stream.journal.js';
import { StreamResolver } from '../streams/stream.resolver.js';
import { StreamSampler } from '../streams/stream.sampler.js';
import { TicketGate } from '../tickets/ticket.gate.js';
import { TicketWatch } from '../tickets/ticket.watch.js';
import { RedirectorMetrics } from './redirector.metrics.js';
import { RtspListener } from './rtsp.listener.js';

@Module({
  controllers: [StreamHandler],
  providers: [
    TicketGate,
    TicketWatch,
    SiteLinkFactory,
    StreamResolver,
    RunningStreams,
    StreamSampler,
    StreamJournal,
    StreamControl,
    RedirectorMetrics,
    RtspListener,
  ],
  exports: [StreamResolver, StreamControl, RedirectorMetrics],
})
export class RtspModule {}
