import { randomUUID } from 'node:crypto';
import {
  CONTROL_SERVICE,
  type ControlRequest,
  type ControlResponse,
  controlResponse,
  encodeMessage,
  readMessage,
  type SiteOutage,
} from '@app/contracts';
import { channelDuplex, type Session } from '@app/multiplex';

/** Sends these bytes to the control service of the broker at the other end. */
export const askControl = async (session: Session, bytes: Buffer): Promise<ControlResponse> => {
  const stream = channelDuplex(await session.open({ service: CONTROL_SERVICE, class: 'control' }));
  stream.on('error', () => undefined);
  const answer = readMessage(stream, 5_000);
  stream.end(bytes);
  return controlResponse.parse(await answer);
};

/** An outage that began so many seconds ago. */
export const outageOf = (
  fromAgo: number,
  toAgo: number,
  change: Partial<SiteOutage> = {},
  nowMs = Date.now(),
): SiteOutage => ({
  id: randomUUID(),
  from: new Date(nowMs - fromAgo * 1_000).toISOString(),
  to: new Date(nowMs - toAgo * 1_000).toISOString(),
  cause: 'peer-silent',
  faults: [],
  restarts: 0,
  clockJumpMs: 0,
  ...change,
});

export const CONDITION: ControlRequest<'report'>['now'] = {
  agentVersion: '0.1.0',
  startedAt: '2026-01-01T00:00:00Z',
  clockSkewMs: 3,
  uplink: { limitBitsPerSecond: 10_000_000, capacityBitsPerSecond: null, roundTripMs: 41.5 },
  freeBytes: 5_000_000_000,
};

export const reportOf = (...outages: SiteOutage[]): Buffer =>
  encodeMessage({ kind: 'report', outages, now: CONDITION });

/** As an agent does: again when the broker says that it was too soon. */
export const report = async (session: Session, ...outages: SiteOutage[]): Promise<ControlResponse> => {
  for (;;) {
    const answer = await askControl(session, reportOf(...outages));
    if (answer.ok || answer.code !== 'rate-limited') return answer;
    await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs ?? 1_000));
  }
};
