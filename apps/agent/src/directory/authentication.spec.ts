import { Code, createContextValues, type UnaryRequest, type UnaryResponse } from '@connectrpc/connect';
import { UsersBusyError } from '../users/busy-error.js';
import { Authentication } from './authentication.js';

describe('Authentication', () => {
  const answer = {} as UnaryResponse;
  const call = async (verify: () => Promise<undefined>): Promise<unknown> => {
    const users = { verify, find: () => Promise.resolve(undefined) };
    const serve = new Authentication(users, 1_000).interceptor(() => Promise.resolve(answer));
    const header = new Headers({ authorization: `Basic ${Buffer.from('host:password').toString('base64')}` });
    return serve({ header, contextValues: createContextValues() } as UnaryRequest);
  };

  it('does not call a password wrong that nobody has looked at', async () => {
    const busy = call(() => Promise.reject(new UsersBusyError()));
    await expect(busy).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it('serves nobody whose account is not proved, or cannot be', async () => {
    await expect(call(() => Promise.resolve(undefined))).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(call(() => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
  });
});
