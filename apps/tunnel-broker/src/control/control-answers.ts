import { type ControlAnswer, type ControlKind, type ControlRequest, DomainError, enrolmentRenew } from '@app/contracts';
import type { MessageClient } from '@app/runtime';
import { randomUUID } from 'node:crypto';
import type { ReportService } from './report.service.js';
import type { TrustService } from './trust.service.js';
import type { LiveSession } from '../tunnel/session-registry.js';

/** One function for each kind of request; a DomainError becomes the refusal that the agent gets. */
export type ControlAnswers = {
  readonly [K in ControlKind]: (live: LiveSession, request: ControlRequest<K>) => Promise<ControlAnswer<K>>;
};

export const CONTROL_ANSWERS = Symbol('CONTROL_ANSWERS');

/** Each costs the issuer two signatures to verify, and a row of the audit when it is refused. */
const RENEWAL_PAUSE_MS = 200;

export const controlAnswers = (
  messages: Pick<MessageClient, 'request'>,
  now: () => number = Date.now,
  trust: Pick<TrustService, 'answer'> = { answer: noTrust },
  reports: Pick<ReportService, 'store'> = { store: noReports },
): ControlAnswers => ({
  trust: async (live, { bundleVersion }) => trust.answer(live, bundleVersion),
  report: (live, request) => reports.store(live, request, now()),
  clock: () => Promise.resolve({ nowMs: now() }),
  renew: (live, request) => {
    const waitMs = live.renewedAtMs + RENEWAL_PAUSE_MS - now();
    if (waitMs > 0 && waitMs <= RENEWAL_PAUSE_MS) throw tooSoon(waitMs);
    live.renewedAtMs = now();
    const { agentId, serial, exporter, peerAddress } = live;
    const { csr, proofs } = request;
    const known = { agentId, serial, exporter: exporter.toString('base64'), peerAddress };
    return messages.request(enrolmentRenew, { ...known, csr, proofs, correlationId: randomUUID() });
  },
});

const noTrust = (): never => {
  throw new DomainError('not-implemented', 'this broker has no list of roots');
};

const noReports = (): never => {
  throw new DomainError('not-implemented', 'this broker keeps no reports');
};

const tooSoon = (retryAfterMs: number): DomainError =>
  new DomainError('rate-limited', 'the last request of this session was just now', { retryAfterMs });
