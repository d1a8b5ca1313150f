/** Stable codes of failed dials. `offline` means no contact, `unreachable` contact without a path. */
export const DIAL_CODES = [
  'site-offline',
  'site-unreachable',
  'site-unknown',
  'dial-refused',
  'unknown-service',
  'over-capacity',
  'ticket-refused',
  'address-invalid',
  'address-not-allowed',
  'address-unreachable',
  'dial-timeout',
  'dial-aborted',
] as const;
export type DialCode = (typeof DIAL_CODES)[number];

/** Worth another try without anybody's help. */
const RETRYABLE: ReadonlySet<DialCode> = new Set<DialCode>([
  'site-offline',
  'site-unreachable',
  'over-capacity',
  'ticket-refused',
  'address-unreachable',
  'dial-timeout',
]);

/** A dial that did not lead to a connection. `detail` names no secret. */
export class DialError extends Error {
  override readonly name = 'DialError';

  constructor(
    readonly code: DialCode,
    readonly detail: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, options);
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
