import type { DrainOptions, Session } from '@app/multiplex';
import { DrainService } from './drain.service.js';
import { type LiveSession, SessionRegistry } from './session-registry.js';

class ScriptedSession {
  state = 'open';
  options: DrainOptions | undefined;
  released = 0;
  end: () => void = () => undefined;

  drain(options: DrainOptions): Promise<void> {
    this.options = options;
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  release(): void {
    this.released += 1;
  }
}

const scene = (count: number) => {
  const registry = new SessionRegistry();
  const sessions = Array.from({ length: count }, () => new ScriptedSession());
  for (const [index, session] of sessions.entries()) {
    const id = `s${index}`;
    registry.add({ id, tenantId: 't', siteLabel: id, session: session as unknown as Session } as LiveSession);
  }
  return { registry, sessions, drain: new DrainService(registry) };
};

describe('the drain of a broker', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('keeps every session until its agent has moved, when there is another broker', async () => {
    const { registry, sessions, drain } = scene(2);
    const drained = drain.drain(20_000, true);
    expect(sessions.map(({ options }) => options)).toEqual(
      [0, 5].map((reconnectAfterMs) => ({
        reason: 'broker-stopped',
        deadlineMs: 20_000,
        reconnectAfterMs,
        stillOpens: true,
        waitsForRelease: true,
      })),
    );
    registry.handOver('s1');
    expect(sessions.map(({ released }) => released)).toEqual([0, 1]);
    expect(registry.get('s1')?.moved).toBe(true);
    for (const session of sessions) session.end();
    await drained;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait for an agent that cannot move', async () => {
    const { sessions, drain } = scene(1);
    const drained = drain.drain(800, false);
    expect(sessions[0]?.options).toMatchObject({ waitsForRelease: false, reconnectAfterMs: 500 });
    sessions[0]?.end();
    await drained;
  });

  it('gives up after ten seconds on an agent that does not move', () => {
    const { sessions, drain } = scene(1);
    void drain.drain(60_000, true);
    jest.advanceTimersByTime(9_999);
    expect(sessions[0]?.released).toBe(0);
    jest.advanceTimersByTime(1);
    expect(sessions[0]?.released).toBe(1);
  });

  it('says that it has begun before anybody is told', () => {
    const { drain } = scene(0);
    expect(drain.begun).toBe(false);
    drain.begin();
    expect(drain.begun).toBe(true);
  });
});
