import { Module } from '@nestjs/common';
import { RightsWatch } from '../access/rights.watch.js';
import { ViewerAccess } from '../access/viewer.access.js';
import { AccountGate } from '../accounts/account.gate.js';
import { AccountRefusals } from '../accounts/account-refusals.js';
import { Admission } from '../admission/admission.js';
import { AdmissionMetrics } from '../admission/admission.metrics.js';
import { SiteLinkFactory } from '../streams/site-link.factory.js';
import { RunningStreams } from '../streams/running-streams.js';
import { StreamControl } from '../streams/stream.control.js';
import { StreamHandler } from '../streams/stream.handler.js';
import { StreamJournal } from '../streams/stream.journal.js';
import { StreamResolver } from '../streams/stream.resolver.js';
import { StreamSampler } from '../streams/stream.sampler.js';
import { TicketGate } from '../tickets/ticket.gate.js';
import { RedirectorMetrics } from './redirector.metrics.js';
import { RtspListener } from './rtsp.listener.js';

@Module({
  controllers: [StreamHandler],
  providers: [
    TicketGate,
    AccountGate,
    AccountRefusals,
    RightsWatch,
    ViewerAccess,
    SiteLinkFactory,
    StreamResolver,
    RunningStreams,
    StreamSampler,
    StreamJournal,
    StreamControl,
    RedirectorMetrics,
    RtspListener,
    Admission,
    AdmissionMetrics,
  ],
  exports: [StreamResolver, StreamControl, RedirectorMetrics],
})
export class RtspModule {}
