import { type CloseReason, type Session, SessionRefusedError } from '@app/multiplex';
import { EventEmitter } from 'node:events';
import { AgentError } from '../errors.js';
import { LaneKeeper } from './lane.keeper.js';

class ScriptedSession extends EventEmitter {
  suspended = false;
  resumable = true;
  state = 'open';
  laneCount = 1;
  dataChannelCount = 0;
  detached = 0;
  closed: Pick<CloseReason, 'code' | 'detail'> | undefined;

  lose(): void {
    this.suspended = true;
    this.laneCount = 0;
    this.emit('suspended', { code: 'transport-closed', by: 'transport' });
  }

  close(code: string, detail?: string): void {
    this.closed = { code, ...(detail === undefined ? {} : { detail }) };
    this.suspended = false;
    this.emit('close', this.closed);
  }

  detachIdle(): boolean {
    this.detached += 1;
    this.laneCount -= 1;
    return true;
  }
}

interface Scene {
  session: ScriptedSession;
  attached: string[];
  over: Promise<void>;
}

/** Answers each attempt with the next outcome: an error, or undefined for a lane. */
function scene(outcomes: (Error | undefined)[], alternatives = false): Scene {
  const session = new ScriptedSession();
  const attached: string[] = [];
  const over = new Promise<void>((resolve) => {
    new LaneKeeper({
      session: session as unknown as Session,
      alternatives,
      sleep: () => Promise.resolve(),
      attach: (as) => {
        attached.push(as);
        const outcome = outcomes.shift();
        if (outcomes.length === 0) resolve();
        if (outcome !== undefined) return Promise.reject(outcome);
        session.suspended = false;
        session.laneCount += 1;
        return Promise.resolve();
      },
    });
  });
  return { session, attached, over };
}

describe('the keeper of a session’s connections', () => {
  it('tries until the session has a connection again', async () => {
    const unreachable = new AgentError('connection-timeout', 'no');
    const { session, attached, over } = scene([unreachable, new SessionRefusedError('unavailable'), undefined]);
    session.lose();
    await over;
    expect(attached).toEqual(['resume', 'resume', 'resume']);
    expect(session.closed).toBeUndefined();
    session.close('normal');
  });

  it.each([
    ['resume-refused', 'session-lost'],
    ['certificate-revoked', 'certificate-revoked'],
  ])('gives the session up when the broker says %s', async (refusal, code) => {
    const { session, over } = scene([new SessionRefusedError(refusal, 'no')]);
    const closed = new Promise((resolve) => session.once('close', resolve));
    session.lose();
    await over;
    expect(await closed).toEqual({ code, detail: 'no' });
  });

  it('goes elsewhere when nobody listens here and there are other brokers', async () => {
    const { session, over } = scene([new AgentError('connection-refused', 'no')], true);
    const closed = new Promise((resolve) => session.once('close', resolve));
    session.lose();
    await over;
    expect(await closed).toMatchObject({ code: 'session-lost' });
  });

  it('opens further connections for channels, three at most, and closes them a minute after the last', async () => {
    jest.useFakeTimers();
    try {
      const { session, attached } = scene([undefined, undefined, undefined, undefined]);
      await jest.advanceTimersByTimeAsync(5_000);
      expect(session.laneCount).toBe(1);
      session.dataChannelCount = 1;
      await jest.advanceTimersByTimeAsync(5_000);
      expect(session.laneCount).toBe(2);
      session.dataChannelCount = 40;
      await jest.advanceTimersByTimeAsync(5_000);
      expect([session.laneCount, attached]).toEqual([3, ['lane', 'lane']]);
      session.dataChannelCount = 0;
      await jest.advanceTimersByTimeAsync(59_000);
      expect(session.detached).toBe(0);
      await jest.advanceTimersByTimeAsync(2_000);
      expect(session.detached).toBeGreaterThan(0);
      session.close('normal');
    } finally {
      jest.useRealTimers();
    }
  });
});
