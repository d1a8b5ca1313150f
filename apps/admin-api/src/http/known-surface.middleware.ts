import { DomainError } from '@app/contracts';
import type { OpenAPIObject } from '@nestjs/swagger';
import { parameterRef } from '../openapi/headers.js';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** Extension of an operation whose query somebody else composes. */
export const ANY_QUERY = 'x-any-query';

type Method = (typeof METHODS)[number];

interface Route {
  pattern: RegExp;
  /** Methods that honour If-Match. */
  conditional: ReadonlySet<string>;
  /** Query keys by method; null where any will do. */
  queries: Map<string, ReadonlySet<string> | null>;
}

/**
 * Holds requests to the documented surface: another method on a known path is 405, an unknown query key 400, and so is
 * If-Match where it is not honoured: to ignore it would make a change that its caller has made conditional.
 * Unknown paths go on to Nest's own 404.
 */
export const knownSurface = (document: OpenAPIObject): RequestHandler => {
  const routes = Object.entries(document.paths).map(([path, item]) => toRoute(path, item));
  return (request: Request, response: Response, next: NextFunction) => {
    const found = routes.filter(({ pattern }) => pattern.test(request.path));
    if (found.length === 0) return next();
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const query = found.map(({ queries }) => queries.get(method)).find((keys) => keys !== undefined);
    if (query === undefined) {
      response.setHeader('Allow', found.flatMap(({ queries }) => [...queries.keys()]).join(', '));
      return next(new DomainError('method-not-allowed', `${request.method} is not one of this address's methods`));
    }
    if (request.header('if-match') !== undefined && !found.some(({ conditional }) => conditional.has(method))) {
      return next(new DomainError('invalid-request', 'If-Match is not honoured here', { fields: [IF_MATCH] }));
    }
    if (query === null) return next();
    const unknown = Object.keys(request.query).filter((key) => !query.has(key));
    if (unknown.length === 0) return next();
    const fields = unknown.slice(0, 10).map((key) => ({ pointer: `/${key}`, detail: 'unknown query key' }));
    next(new DomainError('invalid-request', 'the query has keys that are not known here', { fields }));
  };
};

const IF_MATCH = { pointer: '/If-Match', detail: 'only where the answers carry an ETag' };

const toRoute = (path: string, item: OpenAPIObject['paths'][string]): Route => ({
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`, 'i'),
  queries: new Map(
    METHODS.filter((method) => item[method] !== undefined).map((method) => [
      method.toUpperCase(),
      keysOf(item, method),
    ]),
  ),
  conditional: new Set(
    METHODS.filter((method) => item[method]?.parameters?.some((parameter) => isIfMatch(parameter))).map((method) =>
      method.toUpperCase(),
    ),
  ),
});

const isIfMatch = (parameter: object): boolean =>
  '$ref' in parameter && parameter.$ref === parameterRef('IfMatch').$ref;

const keysOf = (item: OpenAPIObject['paths'][string], method: Method): ReadonlySet<string> | null => {
  const operation = item[method];
  if (operation !== undefined && ANY_QUERY in operation) return null;
  const keys = (operation?.parameters ?? []).flatMap((parameter) =>
    'in' in parameter && parameter.in === 'query' ? [parameter.name] : [],
  );
  return new Set(keys);
};
