import { DomainError } from '@app/contracts';
import type { Response } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Short, so that who asked too much is heard again soon; long enough for a burst of a page or a script. */
export const WINDOW_SECONDS = 10;

/**
 * Counts requests by key in windows of 10 s and tells the caller how it stands, in `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers-10). Each process counts for itself: N replicas allow up to N times as much.
 */
export class RateLimit {
  private readonly limiter: RateLimiterMemory;

  /** @param name of the policy, as the headers show it */
  constructor(
    private readonly name: string,
    private readonly quota: number,
  ) {
    this.limiter = new RateLimiterMemory({ points: quota, duration: WINDOW_SECONDS });
  }

  /** @throws DomainError `rate-limited` */
  async take(key: string, response: Response): Promise<void> {
    try {
      this.tell(response, await this.limiter.consume(key));
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      this.tell(response, refusal);
      const retryAfterMs = Math.max(1, refusal.msBeforeNext);
      throw new DomainError('rate-limited', `more than ${this.quota} requests in ${WINDOW_SECONDS} s`, {
        retryAfterMs,
      });
    }
  }

  private tell(response: Response, { remainingPoints, msBeforeNext }: RateLimiterRes): void {
    const reset = Math.ceil(Math.max(0, msBeforeNext) / 1_000);
    response.append('RateLimit-Policy', `"${this.name}";q=${this.quota};w=${WINDOW_SECONDS}`);
    response.append('RateLimit', `"${this.name}";r=${remainingPoints};t=${reset}`);
  }
}
