import { DomainError, enrolmentRedeem, enrolRequest, type EnrolResponse, type PublicKeys, seal } from '@app/contracts';
import { identityOf } from '@app/pki';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID, type X509Certificate } from 'node:crypto';
import { PUBLIC_KEYS } from '../tokens.js';

/** What the connection adds to a request: nothing of it is the agent's word. */
export interface EnrolmentContext {
  claim: X509Certificate;
  /** TLS exporter of this connection, 32 bytes. */
  exporter: Buffer;
  peerAddress: string;
}

/** Requests at the issuer at once; more of them wait outside, where waiting costs the issuer nothing. */
const MAX_UNDER_WAY = 128;
const RETRY_MS = 2_000;

/** Carries an enrolment to the issuer, which alone decides. The token travels sealed: this app cannot keep it. */
@Injectable()
export class EnrolmentService {
  private underWay = 0;

  constructor(
    private readonly messages: MessageClient,
    @Inject(PUBLIC_KEYS) private readonly keys: PublicKeys,
  ) {}

  async enrol(message: unknown, context: EnrolmentContext): Promise<EnrolResponse> {
    const parsed = enrolRequest.safeParse(message);
    if (!parsed.success) return refusal('enrolment-malformed', 'the request does not have the form of version 1');
    if (!isClaimOf(context.claim, parsed.data.keyfileId)) {
      return refusal('enrolment-token-mismatch', 'the claim certificate is that of another keyfile');
    }
    if (this.underWay >= MAX_UNDER_WAY) return refusal('unavailable', 'too many enrolments at once', RETRY_MS);
    this.underWay += 1;
    try {
      const { token, keyfileId, csr, siteTlsSpki, proofs } = parsed.data;
      const { certificateChain, trust, signedTrust } = await this.messages.request(enrolmentRedeem, {
        keyfileId,
        csr,
        siteTlsSpki,
        proofs,
        sealedToken: await seal(token, this.keys.seal['keyfile-issuer']),
        exporter: context.exporter.toString('base64'),
        peerAddress: context.peerAddress,
        correlationId: randomUUID(),
      });
      return { ok: true, certificateChain, trust, signedTrust };
    } catch (error) {
      return refusalOf(error);
    } finally {
      this.underWay -= 1;
    }
  }
}

const isClaimOf = (claim: X509Certificate, keyfileId: string): boolean => {
  const identity = identityOf(claim);
  return identity.kind === 'keyfile' && identity.keyfileId === keyfileId;
};

const refusalOf = (error: unknown): EnrolResponse => {
  if (!(error instanceof DomainError)) return refusal('internal', 'the request failed here');
  const { code, detail, options } = error;
  // For the agent it is the same who did not answer in time: its key and token keep, and it tries again.
  if (code === 'timeout' || code === 'unavailable') {
    return refusal('unavailable', 'the issuer does not answer now', options.retryAfterMs ?? RETRY_MS);
  }
  return refusal(code, detail, options.retryAfterMs);
};

export const refusal = (code: string, detail: string, retryAfterMs?: number): EnrolResponse => ({
  ok: false,
  code,
  detail,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
