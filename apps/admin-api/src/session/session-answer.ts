import type { Response } from 'express';
import type { ApiRequest, Caller } from '../http/request.js';
import { csrfTokenOf, setSessionCookie } from './session-cookie.js';
import type { CurrentSession, Session } from './session.dto.js';
import type { OpenedSession } from './session.service.js';

/** Gives the token once: to a program in the body, to a browser in a cookie that scripts cannot read. */
export const toSession = (
  { token, expiresAt, operator }: OpenedSession,
  viaCookie: boolean,
  request: ApiRequest,
  response: Response,
): Session => {
  const session = { expiresAt: expiresAt.toISOString(), operator };
  if (!viaCookie) return { token, ...session };
  setSessionCookie(request, response, token, expiresAt);
  return { csrfToken: csrfTokenOf(token), ...session };
};

export const toCurrentSession = (caller: Caller): CurrentSession => {
  const { operatorId, username, tenantId, roles, via, expiresAt, permissions, csrfToken } = caller;
  return {
    via,
    ...(csrfToken === undefined ? {} : { csrfToken }),
    expiresAt: expiresAt.toISOString(),
    permissions: [...permissions].sort(),
    operator: { id: operatorId, username, tenantId, roles },
  };
};
