import { MessageClient, readPublicKeys, RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { BrokerConfig } from './config.js';
import { CONTROL_ANSWERS, controlAnswers } from './control/control-answers.js';
import { RefusedService } from './audit/refused.service.js';
import { CommandService } from './command/command.service.js';
import { commandHandler } from './command/command.handler.js';
import { ReportService } from './control/report.service.js';
import { TrustService } from './control/trust.service.js';
import { ControlService } from './control/control.service.js';
import { DatabaseModule } from './database/database.module.js';
import { EnrolmentEndpoint } from './enrolment/enrolment.endpoint.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { AuthorityWatch } from './identity/authority.watch.js';
import { BrokerIdentityService } from './identity/broker-identity.service.js';
import { DialTicketService } from './ingress/dial-ticket.service.js';
import { DialService } from './ingress/dial.service.js';
import { IngressServer } from './ingress/ingress.server.js';
import { OwnerService } from './ingress/owner.service.js';
import { RelayService } from './ingress/relay.service.js';
import { TicketLedger } from './ingress/ticket-ledger.js';
import { GateMetrics } from './listener/gate.metrics.js';
import { TunnelListener } from './listener/tunnel-listener.js';
import { TunnelMetrics } from './metrics/tunnel.metrics.js';
import { ShutdownService } from './shutdown.service.js';
import { BROKER_ID, PUBLIC_KEYS } from './tokens.js';
import { AdmissionService } from './tunnel/admission.service.js';
import { DrainService } from './tunnel/drain.service.js';
import { HeartbeatService } from './tunnel/heartbeat.service.js';
import { HistoryService } from './tunnel/history.service.js';
import { RevocationWatch } from './tunnel/revocation.watch.js';
import { SessionCertificates } from './tunnel/session-certificates.js';
import { SessionJournal } from './tunnel/session-journal.js';
import { SessionRegistry } from './tunnel/session-registry.js';
import { StandingService } from './tunnel/standing.service.js';
import { TunnelEndpoint } from './tunnel/tunnel.endpoint.js';

/** The whole app for one configuration. */
export function appModule(config: BrokerConfig): Type {
  const brokerId = randomUUID();
  @Module({
    imports: [RuntimeModule.forRoot('tunnel-broker', config), DatabaseModule],
    controllers: [commandHandler(brokerId)],
    providers: [
      { provide: BROKER_ID, useValue: brokerId },
      { provide: PUBLIC_KEYS, useFactory: () => readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE) },
      { provide: TicketLedger, useFactory: () => new TicketLedger() },
      TunnelMetrics,
      BrokerIdentityService,
      AuthorityWatch,
      EnrolmentService,
      EnrolmentEndpoint,
      RefusedService,
      AdmissionService,
      SessionRegistry,
      SessionJournal,
      SessionCertificates,
      DrainService,
      CommandService,
      HeartbeatService,
      StandingService,
      HistoryService,
      RevocationWatch,
      TrustService,
      ReportService,
      {
        provide: CONTROL_ANSWERS,
        inject: [MessageClient, TrustService, ReportService],
        useFactory: (messages: MessageClient, trust: TrustService, reports: ReportService) =>
          controlAnswers(messages, Date.now, trust, reports),
      },
      ControlService,
      TunnelEndpoint,
      GateMetrics,
      TunnelListener,
      DialTicketService,
      OwnerService,
      RelayService,
      DialService,
      IngressServer,
      ShutdownService,
    ],
  })
  class AppModule {}
  return AppModule;
}
