import type { ControlAnswer } from '@app/contracts';
import { isIssuedDirectlyBy, PkiError, readCertificate, type TrustedRoots, verifyTrustBundle } from '@app/pki';
import type { AppLogger } from '@app/runtime';
import { ControlRefusedError } from '../errors.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';

export interface TrustParts {
  holder: IdentityHolder;
  /** The session to ask through; undefined while there is none. */
  established: () => Connected | undefined;
  /** Tells the broker the version that is held, and gets what is newer. */
  ask: (connected: Connected, bundleVersion: number) => Promise<ControlAnswer<'trust'>>;
  renewNow: () => Promise<void>;
  logger: AppLogger;
  /** Uniform in [0, 1). */
  random?: () => number;
}

const HOUR_MS = 3_600_000;
const RETRY_MS = 60_000;
/** A list is acknowledged by asking again; more rounds than that are a broker's mistake. */
const MAX_ROUNDS = 4;

/**
 * Keeps whom the site trusts with what its deployment publishes. A list counts only when a root that is trusted now has
 * signed it, and only when it is newer. The same answer says when certificates of a CA are to be renewed early.
 */
export class TrustKeeper {
  private readonly random: () => number;
  private timer: NodeJS.Timeout | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private closed = false;

  constructor(private readonly parts: TrustParts) {
    this.random = parts.random ?? Math.random;
  }

  /** A session is up, or the broker says that something has changed. Never rejects. */
  look(): Promise<void> {
    this.again = true;
    this.looking ??= this.lookAll().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.renewal);
  }

  private async lookAll(): Promise<void> {
    let failed = false;
    while (this.again && !this.closed) {
      this.again = false;
      failed = !(await this.lookOnce());
    }
    clearTimeout(this.timer);
    const waitMs = (failed ? RETRY_MS : HOUR_MS) * (0.9 + 0.2 * this.random());
    if (!this.closed) this.timer = setTimeout(() => void this.look(), waitMs).unref();
  }

  /** @returns whether the broker has answered, or never will */
  private async lookOnce(): Promise<boolean> {
    const connected = this.parts.established();
    if (connected === undefined) return true;
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const answer = await this.parts.ask(connected, this.parts.holder.current.trust.bundleVersion);
        if (!(await this.adopt(answer))) {
          this.planRenewal(answer);
          return true;
        }
      }
      return true;
    } catch (error) {
      // A broker of before has no lists.
      if (error instanceof ControlRefusedError && error.reason === 'not-implemented') return true;
      this.parts.logger.debug({ err: error }, 'the broker did not say whom to trust');
      return false;
    }
  }

  /** @returns true when the list was taken, and is to be acknowledged */
  private async adopt({ signedTrust, bundleVersion }: ControlAnswer<'trust'>): Promise<boolean> {
    const { holder, logger } = this.parts;
    if (signedTrust === null) return false;
    const trust = this.read(signedTrust, bundleVersion);
    if (trust === undefined) return false;
    await holder.adoptTrust(trust);
    logger.info({ bundleVersion: trust.bundleVersion, roots: trust.rootSpkiSha256 }, 'the site trusts other roots now');
    return true;
  }

  private read(signedTrust: string, bundleVersion: number): TrustedRoots | undefined {
    try {
      return verifyTrustBundle(signedTrust, this.parts.holder.current);
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      this.parts.logger.warn({ code: error.code, bundleVersion }, `a list of roots was ignored: ${error.message}`);
      return undefined;
    }
  }

  /** At a moment of one's own, so that thousands of sites do not renew at once. */
  private planRenewal({ renewOtherThan, spreadMs }: ControlAnswer<'trust'>): void {
    if (renewOtherThan === null || !this.isOfOther(renewOtherThan)) {
      clearTimeout(this.renewal);
      this.renewal = undefined;
      return;
    }
    if (this.renewal !== undefined || this.closed) return;
    this.renewal = setTimeout(() => void this.renew(renewOtherThan), spreadMs * this.random()).unref();
  }

  private async renew(wanted: string): Promise<void> {
    // Its outcome is told by the renewal itself; when it fails, the next look plans another one.
    if (this.isOfOther(wanted)) await this.parts.renewNow().catch(() => undefined);
    this.renewal = undefined;
    if (this.isOfOther(wanted) && !this.closed) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.look(), RETRY_MS).unref();
    }
  }

  private isOfOther(agentCa: string): boolean {
    return !isIssuedDirectlyBy(this.parts.holder.certificate, readCertificate(agentCa));
  }
}
