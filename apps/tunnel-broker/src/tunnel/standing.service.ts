import { AgentAdmissionRepository, Database, type Standing } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type LiveSession, SessionRegistry } from './session-registry.js';

/**
 * Whether live sessions may still be: by the record, which holds whatever became of the message about a change. The feed of
 * revocations is faster; a session that it missed ends here.
 */
@Injectable()
export class StandingService {
  private checking: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly admissions: AgentAdmissionRepository,
    private readonly registry: SessionRegistry,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** One at a time; never rejects. One query, however many sessions there are. */
  check(): Promise<void> {
    this.checking ??= this.checkAll()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'the standing of agents cannot be read now'))
      .finally(() => {
        this.checking = undefined;
      });
    return this.checking;
  }

  private async checkAll(): Promise<void> {
    const asked = this.registry
      .all()
      .filter(({ registered }) => registered)
      .map((live) => ({ live, serial: live.serial }));
    if (asked.length === 0) return;
    const serials = asked.map(({ serial }) => serial);
    const found = await this.database.inSystem((tx) => this.admissions.standings(tx, serials));
    const bySerial = new Map(found.map((standing) => [standing.serial, standing]));
    // One that goes on by its next certificate meanwhile was judged for that.
    for (const { live, serial } of asked) if (live.serial === serial) this.judge(live, bySerial.get(serial));
  }

  private judge({ id: sessionId, agentId, session }: LiveSession, standing: Standing | undefined): void {
    const end = endOf(standing);
    if (end === undefined || session.state === 'closed') return;
    this.logger.warn({ sessionId, agentId, code: end[0] }, 'a live tunnel is ended by its agent’s record');
    session.close(...end);
  }
}

/** @returns undefined: it stays */
const endOf = (standing: Standing | undefined): Parameters<LiveSession['session']['close']> | undefined => {
  if (standing === undefined) return ['database-restored', 'the database was restored'];
  if (standing.agentState === 'revoked') return ['agent-revoked', 'revoked by an operator'];
  if (standing.certificateState === 'revoked') return ['certificate-revoked', 'revoked by an operator'];
  if (standing.agentState === 'locked') return ['agent-locked', 'the agent is locked'];
  return undefined;
};
