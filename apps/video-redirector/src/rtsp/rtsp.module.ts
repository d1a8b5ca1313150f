import { Module } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import { AdmissionMetrics } from '../admission/admission.metrics.js';
import { SiteLinkFactory } from '../streams/site-link.factory.js';
import { StreamHandler } from '../streams/stream.handler.js';
import { StreamResolver } from '../streams/stream.resolver.js';
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
    RedirectorMetrics,
    RtspListener,
    Admission,
    AdmissionMetrics,
  ],
  exports: [StreamResolver, RedirectorMetrics],
})
export class RtspModule {}
