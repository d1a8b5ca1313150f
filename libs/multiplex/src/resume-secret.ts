import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Label of the TLS exporter (RFC 8446 section 7.5) that a lane's proof covers; no context, 32 bytes. */
export const LANE_EXPORTER_LABEL = 'EXPORTER-adit-tunnel-lane';
export const LANE_EXPORTER_BYTES = 32;

const SECRET_BYTES = 32;

/** HMAC-SHA256 over the exporter of the connection that is to become a lane; base64url. */
export function proofOf(secret: string, exporter: Buffer): string {
  return createHmac('sha256', Buffer.from(secret, 'base64url')).update(exporter).digest('base64url');
}

/**
 * What the holder of a session must know to join a lane or to resume it (SPEC.md section 8): in memory only, new at
 * each resume. The one that was proven stays valid until the first table under the new one: its WELCOME may be lost.
 */
export class ResumeSecret {
  private secret = fresh();
  private previous: string | undefined;
  private proven: string | undefined;

  get value(): string {
    return this.secret;
  }

  /** After a proof that was accepted. */
  rotate(): void {
    this.previous = this.proven;
    this.secret = fresh();
  }

  confirm(): void {
    this.previous = undefined;
  }

  verify(exporter: Buffer, proof: string): boolean {
    const given = Buffer.from(proof, 'base64url');
    const known = this.previous === undefined ? [this.secret] : [this.secret, this.previous];
    this.proven = known.find((secret) => {
      const expected = Buffer.from(proofOf(secret, exporter), 'base64url');
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
    return this.proven !== undefined;
  }
}

const fresh = (): string => randomBytes(SECRET_BYTES).toString('base64url');
