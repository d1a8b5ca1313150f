import type { EnrolResponse } from '@app/contracts';
import { type Keyfile, privateKeyPem } from '@app/pki';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { AgentError, EnrolmentRefusedError } from '../errors.js';
import type { Identity } from '../identity/identity.js';
import type { IdentityStore } from '../identity/identity.store.js';
import { byPriority, type Endpoint } from '../network/endpoint.dialer.js';
import { BackOff } from '../tunnel/back-off.js';
import { requireOwnCertificate, trustAfter } from './enrolment.answer.js';
import type { EnrolmentKeys } from './enrolment.exchange.js';
import { otherKeyfile, relationOf } from './keyfile-relation.js';
import { refusalOf } from './enrolment.refusal.js';

export interface EnrolmentParts {
  store: IdentityStore;
  /** DER SubjectPublicKeyInfo of the site's TLS key, made when it is first asked for. */
  siteTlsSpki: () => Promise<Buffer>;
  exchange: (endpoint: Endpoint, keyfile: Keyfile, keys: EnrolmentKeys, signal: AbortSignal) => Promise<EnrolResponse>;
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  backOff: BackOff;
  now: () => Date;
  /** A failed attempt that will be repeated. */
  onFailure: (error: AgentError, retryInMs: number) => void;
}

type Answer = Extract<EnrolResponse, { ok: true }>;

/** Redeems a keyfile. Killed anywhere, it goes on with the same key at the next call and gets the same certificate. */
export class EnrolmentService {
  constructor(private readonly parts: EnrolmentParts) {}

  /**
   * Tries every endpoint in its order, again and again, until one answers or the signal aborts.
   * @throws EnrolmentRefusedError when the server's answer is final; the last failure when the signal aborts;
   * AgentError `identity-exists` when the state belongs to another keyfile
   */
  async enrol(keyfile: Keyfile, signal: AbortSignal): Promise<Identity> {
    const { store } = this.parts;
    const existing = await store.load();
    if (existing !== undefined && requireOwnKeyfile(existing, keyfile) === 'own') {
      await store.commit(existing);
      return existing;
    }
    const newKey = await store.openPendingKey(keyfile.document.keyfileId);
    const identityKey = existing === undefined ? {} : { identityKey: createPrivateKey(existing.privateKey) };
    const keys = { newKey, siteTlsSpki: await this.parts.siteTlsSpki(), ...identityKey };
    const answer = await this.redeem(keyfile, keys, signal);
    const made = identityFrom(keyfile, newKey, answer, this.parts.now());
    await store.commit(made);
    return made;
  }

  private async redeem(keyfile: Keyfile, keys: EnrolmentKeys, signal: AbortSignal): Promise<Answer> {
    const endpoints = byPriority(keyfile.document.endpoints);
    let earlier: AgentError | undefined;
    for (;;) {
      const failures: AgentError[] = [];
      for (const endpoint of endpoints) {
        const result = await this.attempt(endpoint, keyfile, keys, signal);
        if (!(result instanceof AgentError)) return result;
        if (isFinal(result)) throw result;
        failures.push(result);
      }
      const failure = mostTelling(failures);
      // A round that was cut off tells of the cut only.
      if (signal.aborted) throw earlier ?? failure;
      earlier = failure;
      const waitMs = Math.max(this.parts.backOff.nextMs(), retryAfterOf(failure));
      this.parts.onFailure(failure, waitMs);
      await this.parts.sleep(waitMs, signal);
      if (signal.aborted) throw failure;
    }
  }

  private async attempt(
    endpoint: Endpoint,
    keyfile: Keyfile,
    keys: EnrolmentKeys,
    signal: AbortSignal,
  ): Promise<Answer | AgentError> {
    try {
      const answer = await this.parts.exchange(endpoint, keyfile, keys, signal);
      if (!answer.ok) return refusalOf(answer.code, answer.detail, answer.retryAfterMs);
      requireOwnCertificate(answer, keyfile, keys.newKey);
      return answer;
    } catch (error) {
      if (error instanceof AgentError) return error;
      throw error;
    }
  }
}

/** @throws AgentError `identity-exists` for that of another agent */
export const requireOwnKeyfile = (existing: Identity, { document }: Keyfile): 'own' | 'return' => {
  const relation = relationOf(existing, document);
  if (relation !== 'other') return relation;
  const advice = 'To give this machine another identity, run `adit-agent reset` first; cameras and users stay';
  throw otherKeyfile(existing, advice);
};

const isFinal = (error: AgentError): boolean => error instanceof EnrolmentRefusedError && !error.retryable;

const retryAfterOf = (error: AgentError): number =>
  error instanceof EnrolmentRefusedError ? (error.retryAfterMs ?? 0) : 0;

/** An answer says more than an unreachable fallback port; among equals the first endpoint counts. */
const mostTelling = (failures: AgentError[]): AgentError =>
  failures.find((failure) => failure instanceof EnrolmentRefusedError) ??
  failures[0] ??
  new AgentError('enrolment-interrupted', 'The keyfile names no endpoint');

const identityFrom = (keyfile: Keyfile, key: KeyObject, answer: Answer, now: Date): Identity => {
  const { keyfileId, tenantId, siteId, siteName, agentId, issuedAt, endpoints, policy } = keyfile.document;
  return {
    v: 1,
    keyfileId,
    deployment: keyfile.deployment,
    tenantId,
    siteId,
    siteName,
    agentId,
    enrolledAt: now.toISOString(),
    keyfileIssuedAt: issuedAt,
    privateKey: privateKeyPem(key),
    certificateChain: answer.certificateChain,
    endpoints,
    trust: trustAfter(answer, keyfile),
    policy,
  };
};
