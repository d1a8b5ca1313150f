import type { OpenAPIObject } from '@nestjs/swagger';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
export type Responses = Operation['responses'];

export const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
export type Method = (typeof METHODS)[number];

/** One method of one path, with what its decorators said of it. */
export interface Route {
  path: string;
  method: Method;
  operation: Operation;
}

export const routesOf = (document: OpenAPIObject): Route[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, method, operation }] : [];
    }),
  );

export const extensionOf = <Value>(operation: Operation, name: string): Value | undefined =>
  (operation as unknown as Record<string, Value | undefined>)[name];

export const isPublic = ({ operation }: Route): boolean => operation.security?.length === 0;
/** It answers 501 alone. */
export const isLater = ({ operation }: Route): boolean => '501' in operation.responses;
export const hasBody = ({ method }: Route): boolean => method !== 'get';
/** It changes what there is, and may do so under a condition. */
export const isChange = ({ method }: Route): boolean => method === 'put' || method === 'patch' || method === 'delete';
