import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { Alarm } from '../time/alarm.js';
import type { Joining } from './admission.service.js';
import { SessionJournal } from './session-journal.js';
import type { LiveSession } from './session-registry.js';

/** A session outlives the certificate that opened it: a connection by the next one carries it on. */
@Injectable()
export class SessionCertificates {
  constructor(
    private readonly journal: SessionJournal,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Ends the session at the end of its certificate. */
  watch(live: LiveSession, notAfter: Date): void {
    live.expiry?.cancel();
    live.expiry = new Alarm(notAfter.getTime(), () => live.session.close('certificate-expired'));
  }

  /** After a connection has joined the session. */
  follow(live: LiveSession, { serial, notAfter }: Joining): void {
    const { id: sessionId, agentId, session } = live;
    if (notAfter === undefined || serial === live.serial || session.state === 'closed') return;
    live.serial = serial;
    this.watch(live, notAfter);
    this.logger.info({ sessionId, agentId, notAfter }, 'a tunnel goes on by the next certificate');
    void this.journal.certify(live);
  }
}
