import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ApiRequest } from '../http/request.js';
import { Public } from '../session/public.decorator.js';
import { AccessGuard } from './access.guard.js';
import { AnySignedIn } from './any-signed-in.decorator.js';
import type { RefusedRequests } from './refused-requests.js';
import { Requires } from './requires.decorator.js';

class Routes {
  @Public()
  open(): void {}

  @Requires('sites:read')
  sites(): void {}

  @Requires('keyfiles:issue', 'sites:write')
  both(): void {}

  @AnySignedIn()
  own(): void {}

  forgotten(): void {}
}

@AnySignedIn()
class OwnRoutes {
  plain(): void {}

  @Requires('sites:write')
  strict(): void {}
}

const audited: string[] = [];
/** The audit's place; the end-to-end tests look at the real one. */
const refusals = {
  access: async ({ caller }: ApiRequest) => void (caller && audited.push(caller.tenantId)),
} as unknown as RefusedRequests;

const verdict = async (type: object, route: string, permissions?: string[]): Promise<string> => {
  const caller = permissions && { permissions: new Set(permissions), tenantId: 't', operatorId: 'o', actor: 'a' };
  const handler: unknown = Reflect.get((type as { prototype: object }).prototype, route);
  const context = {
    getHandler: () => handler,
    getClass: () => type,
    switchToHttp: () => ({ getRequest: () => ({ caller, method: 'GET', path: '/x' }) }),
  } as unknown as ExecutionContext;
  const guard = new AccessGuard(new Reflector(), refusals);
  return guard.canActivate(context).then(
    () => 'passed',
    (error: { detail: string }) => error.detail,
  );
};

describe('the access guard', () => {
  it.each([
    ['a public route without a caller', Routes, 'open', undefined, 'passed'],
    ['a route by its permission', Routes, 'sites', ['sites:read'], 'passed'],
    ['a route by all of its permissions', Routes, 'both', ['sites:write', 'keyfiles:issue'], 'passed'],
    ['not a route by one of two', Routes, 'both', ['keyfiles:issue'], 'the permission sites:write is needed'],
    ['a route for whoever is signed in', Routes, 'own', [], 'passed'],
    ['a route of a class for whoever is signed in', OwnRoutes, 'plain', [], 'passed'],
    ['not a route without its permission', Routes, 'sites', ['sites:write'], 'the permission sites:read is needed'],
    ['not a permission’s route for its class', OwnRoutes, 'strict', [], 'the permission sites:write is needed'],
    ['not a route without a mark', Routes, 'forgotten', ['sites:read'], 'this route is open to nobody'],
    ['not a route without a caller', Routes, 'sites', undefined, 'the permission sites:read is needed'],
  ] as const)('lets pass %s', async (_title, type, route, permissions, expected) => {
    expect(await verdict(type, route, permissions && [...permissions])).toBe(expected);
  });

  it('audits what it refuses to a caller', () => {
    expect(audited).toEqual(['t', 't', 't', 't']);
  });
});
