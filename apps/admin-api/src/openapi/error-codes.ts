import { ERROR_STATUS, type ErrorCode } from '@app/contracts';
import { ERROR_CODES_EXTENSION } from '../http/fails.decorator.js';
import { TAGGED_EXTENSION } from '../http/tagged.decorator.js';
import { extensionOf, hasBody, isChange, isLater, isPublic, type Route } from './operation.js';

/** Answered before any route of the API, or by what every route stands on. */
const EVERYWHERE: ErrorCode[] = [
  'invalid-request',
  'insecure-transport',
  'rate-limited',
  'internal',
  'unavailable',
  'timeout',
];
const SIGNED_IN: ErrorCode[] = ['unauthenticated', 'forbidden'];
/** A browser sends a session's cookie with what other pages ask for, too. */
const CHANGES_SIGNED_IN: ErrorCode[] = ['cross-site-request'];
const WITH_BODY: ErrorCode[] = ['payload-too-large', 'unsupported-media-type'];
const REPEATABLE: ErrorCode[] = ['idempotency-in-progress', 'idempotency-answer-not-kept', 'idempotency-key-reused'];

const takes = ({ operation }: Route, name: string): boolean =>
  (operation.parameters ?? []).some((parameter) => 'name' in parameter && parameter.name === name);

/** Of a route that does not name its codes: any, but those that its kind cannot answer. */
const anything = (route: Route): ErrorCode[] => {
  const others = [...WITH_BODY, ...REPEATABLE, 'precondition-failed', 'method-not-allowed', 'not-implemented'];
  return (Object.keys(ERROR_STATUS) as ErrorCode[]).filter(
    (code) => !others.includes(code) && (code !== 'unauthenticated' || !isPublic(route)),
  );
};

/** Every code that a route may answer, by status. */
export const errorsOf = (route: Route): Map<number, ErrorCode[]> => {
  const { operation, method, path } = route;
  const named = isLater(route)
    ? ['not-implemented' as const]
    : extensionOf<ErrorCode[]>(operation, ERROR_CODES_EXTENSION);
  const codes = new Set<ErrorCode>([
    ...EVERYWHERE,
    ...(named ?? anything(route)),
    ...(isPublic(route) ? [] : SIGNED_IN),
    ...(hasBody(route) && !isPublic(route) ? CHANGES_SIGNED_IN : []),
    ...(path.includes('{') && !isLater(route) ? (['not-found'] as const) : []),
    ...(hasBody(route) ? WITH_BODY : []),
    ...(method === 'post' && !isPublic(route) ? REPEATABLE : []),
    ...(isChange(route) && extensionOf(operation, TAGGED_EXTENSION) ? (['precondition-failed'] as const) : []),
    ...(takes(route, 'cursor') ? (['invalid-cursor'] as const) : []),
  ]);
  const statuses = [...new Set([...codes].map((code) => ERROR_STATUS[code]))].toSorted((a, b) => a - b);
  return new Map(
    statuses.map((status) => [status, [...codes].filter((code) => ERROR_STATUS[code] === status).toSorted()]),
  );
};
