import type { ErrorCode } from '@app/contracts';
import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { createHash } from 'node:crypto';
import { Problem } from '../http/problem.dto.js';
import { TAGGED_EXTENSION } from '../http/tagged.decorator.js';
import { ANSWERED_ONCE_EXTENSION } from '../idempotency/answered-once.decorator.js';
import { errorsOf } from './error-codes.js';
import { HEADERS, headerRefs, PARAMETERS, parameterRef } from './headers.js';
import { extensionOf, isChange, isLater, isPublic, type Responses, type Route, routesOf } from './operation.js';
import { closeSchemas, makeNullable } from './schemas.js';

type Components = NonNullable<OpenAPIObject['components']>;

/**
 * Completes what the decorators said to all that is answered: every status with its schema, codes and headers, and
 * objects without further members. In place.
 */
export const makeExact = (document: OpenAPIObject): void => {
  const components: Components = (document.components ??= {});
  components.headers = HEADERS;
  components.parameters = PARAMETERS;
  components.responses = {};
  closeSchemas(document);
  for (const route of routesOf(document)) {
    const { operation } = route;
    for (const member of extensionOf<string[]>(operation, ANSWERED_ONCE_EXTENSION) ?? []) {
      makeNullable(document, operation.responses, member);
    }
    operation.parameters = [...(operation.parameters ?? []), ...parametersOf(route)];
    operation.responses = { ...successesOf(route), ...failuresOf(route, components) };
  }
};

const parametersOf = (route: Route): { $ref: string }[] => {
  const isTagged = extensionOf(route.operation, TAGGED_EXTENSION) === true;
  return [
    ...(isTagged && route.method === 'get' ? [parameterRef('IfNoneMatch')] : []),
    ...(isTagged && isChange(route) ? [parameterRef('IfMatch')] : []),
    ...(route.method === 'post' && !isPublic(route) ? [parameterRef('IdempotencyKey')] : []),
    parameterRef('RequestId'),
  ];
};

const successesOf = (route: Route): Responses => {
  if (isLater(route)) return {};
  const { operation, method } = route;
  const isTagged = extensionOf(operation, TAGGED_EXTENSION) === true;
  const successes = Object.entries(operation.responses).filter(([status]) => /^[23]/.test(status));
  const described = successes.map(([status, response]) => {
    const names = [
      ...(isTagged && status !== '204' ? ['ETag'] : []),
      ...(status.startsWith('3') ? ['Location'] : []),
      ...(method === 'post' && !isPublic(route) ? ['Idempotency-Replayed'] : []),
    ];
    const headers = { ...(response && 'headers' in response ? response.headers : {}), ...headerRefs(names) };
    const description = (response && 'description' in response && response.description) || 'Done';
    return [status, { ...response, description, headers }] as const;
  });
  const unchanged = { description: 'It still is what If-None-Match names', headers: headerRefs(['ETag']) };
  return Object.fromEntries([...described, ...(isTagged && method === 'get' ? [['304', unchanged] as const] : [])]);
};

/** Routes that answer the same codes share a response: the document stays readable. */
const failuresOf = (route: Route, components: Components): Responses =>
  Object.fromEntries(
    [...errorsOf(route)].map(([status, codes]) => {
      const name = `${status}.${codes.length > 6 ? digest(codes) : codes.join('.')}`;
      (components.responses ??= {})[name] ??= failure(status, codes);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );

const digest = (codes: readonly ErrorCode[]): string =>
  createHash('sha256').update(codes.join()).digest('hex').slice(0, 8);

const failure = (status: number, codes: readonly ErrorCode[]): NonNullable<Components['responses']>[string] => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  headers: headerRefs([
    ...(status === 401 ? ['WWW-Authenticate'] : []),
    ...([409, 429, 503].includes(status) ? ['Retry-After'] : []),
  ]),
  content: {
    'application/problem+json': {
      schema: {
        allOf: [
          { $ref: getSchemaPath(Problem) },
          { type: 'object', properties: { status: { type: 'integer', enum: [status] }, code: { enum: [...codes] } } },
        ],
      },
    },
  },
});
