import type { CommandHop } from './command-hop.js';

/** HTTP status of each stable code that may cross a process or reach an operator. `docs/errors.md` says what to do about each. */
export const ERROR_STATUS = {
  'invalid-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  gone: 410,
  'precondition-failed': 412,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'rate-limited': 429,
  internal: 500,
  'not-implemented': 501,
  unavailable: 503,
  timeout: 504,

  'insecure-transport': 403,
  'invalid-cursor': 400,
  'idempotency-in-progress': 409,
  'idempotency-answer-not-kept': 409,
  'idempotency-key-reused': 422,
  'cross-site-request': 403,
  'username-taken': 409,
  'last-administrator': 409,
  'oidc-refused': 401,
  'site-label-taken': 409,
  'site-in-use': 409,

  'keyfile-not-found': 404,
  'keyfile-already-redeemed': 409,
  'site-enrolled': 409,
  'keyfile-state': 409,
  'onboarding-invalid': 400,
  'onboarding-not-found': 404,
  'onboarding-running': 409,
  'onboarding-finished': 409,
  'onboarding-erased': 410,

  'enrolment-malformed': 400,
  'enrolment-bad-csr': 400,
  'enrolment-bad-proof': 403,
  'enrolment-token-mismatch': 403,
  'enrolment-used': 409,
  'enrolment-closed': 410,
  'enrolment-expired': 410,
  'enrolment-revoked': 403,
  'certificate-unknown': 404,
  'certificate-expired': 403,
  'certificate-superseded': 403,
  'renewal-contended': 409,
  'agent-state': 409,
  'agent-locked': 403,
  'agent-revoked': 403,

  'rotation-state': 409,
  'rotation-brokers-behind': 409,
  'rotation-agents-missing': 409,
  'rotation-keyfiles-open': 409,
  'rotation-recovery-open': 409,

  'role-not-found': 404,
  'role-incomplete': 409,
  'role-not-connected': 503,
  'directory-refused': 502,
  'site-right-missing': 403,
  'site-offline': 503,
  'site-unreachable': 502,
  'camera-not-found': 404,
  'event-not-found': 404,
  'alarm-not-found': 404,
  'too-many-event-streams': 429,
  'entity-not-found': 404,
  'recording-not-found': 404,
  'recording-unavailable': 502,
  'snapshot-unsupported': 404,
  'snapshot-unavailable': 502,
  'camera-unauthorized': 409,
  'live-capacity-exceeded': 503,
  'live-bandwidth-exceeded': 503,
  'playback-capacity-exceeded': 503,
  'playback-bandwidth-exceeded': 503,
  'output-not-found': 404,
  'ptz-held': 409,
  'command-refused': 409,
  'command-unsupported': 409,
  'command-failed': 502,
  'command-timeout': 504,
  'ticket-invalid': 401,
  'ticket-expired': 401,
  'ticket-used': 401,
  'ticket-revoked': 401,
  'stream-account-expired': 403,
  'stream-account-revoked': 403,
  'ended-by-operator': 403,
  'dial-refused': 403,
  'address-not-allowed': 403,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERROR_STATUS, value);

/** An expected failure with a stable code. Crosses processes as `ErrorBody`, reaches operators as an RFC 9457 problem. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  /**
   * @param detail shown to the caller: no secret, no internal address
   * @param options.retryAfterMs when the caller may try again unchanged
   * @param options.hop which way of a command was slow
   * @param options.fields JSON pointers of offending members, each with its reason
   */
  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly options: { retryAfterMs?: number; hop?: CommandHop; fields?: FieldError[]; cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

export interface FieldError {
  pointer: string;
  detail: string;
}
