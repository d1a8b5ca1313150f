import { SessionError, SessionRefusedError } from './errors.js';
import { clip, encodeFields } from './fields.js';
import { CLOSE_FIELDS, GOAWAY_FIELDS } from './frame.js';
import type { CloseReason, DrainOptions } from './session-options.js';

export function reasonOf(by: CloseReason['by'], code: string, detail?: string, retryAfterMs?: number): CloseReason {
  return { code, ...optional(detail, retryAfterMs), by };
}

/** The peer's fault or ours is ours to tell; what the transport did is nobody's. */
export function reasonOfFault({ code, detail }: SessionError): CloseReason {
  return reasonOf(code === 'transport-closed' || code === 'transport-error' ? 'transport' : 'local', code, detail);
}

export function closePayload({ code, detail, retryAfterMs }: CloseReason): Buffer {
  return encodeFields(CLOSE_FIELDS, { code, ...optional(clip(detail, CLOSE_FIELDS.detail.max), retryAfterMs) });
}

export function goawayPayload({ reason, deadlineMs, reconnectAfterMs }: DrainOptions, lastAcceptedId: number): Buffer {
  const slot = reconnectAfterMs === undefined ? {} : { reconnectAfterMs };
  return encodeFields(GOAWAY_FIELDS, { reason, lastAcceptedId, drainDeadlineMs: deadlineMs, ...slot });
}

/** What a handshake that did not come about rejects with. */
export function refusalOf({ code, detail, retryAfterMs }: CloseReason, refused: boolean): SessionError {
  return refused ? new SessionRefusedError(code, detail, retryAfterMs) : new SessionError(code, detail);
}

function optional(
  detail: string | undefined,
  retryAfterMs: number | undefined,
): { detail?: string; retryAfterMs?: number } {
  return { ...(detail === undefined ? {} : { detail }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
