import { DomainError } from '@app/contracts';
import { QueryRunnerAlreadyReleasedError } from 'typeorm';
import { withoutOutage } from './outage.js';

const driver = (code: string | undefined) => Object.assign(new TypeError('query failed'), { driverError: { code } });

describe('a failed transaction', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a server that shuts down', driver('57P01')],
    ['too many connections', driver('53300')],
    ['a connection cut in the middle', driver(undefined)],
    ['a connection lost between two queries', new QueryRunnerAlreadyReleasedError()],
    ['a pool that waited in vain', new Error('timeout')],
  ])('is worth another try after %s', (_case, error) => {
    expect(withoutOutage(error)).toMatchObject({ code: 'unavailable', options: { retryAfterMs: 1000 } });
  });

  it.each([
    ['a domain error', new DomainError('enrolment-used', 'used')],
    ['a violated constraint', driver('23505')],
    ['a bug', new TypeError('undefined is not a function')],
    ['a bad argument', Object.assign(new TypeError('argument'), { code: 'ERR_INVALID_ARG_TYPE' })],
  ])('stays what it was for %s', (_case, error) => {
    expect(withoutOutage(error)).toBe(error);
  });
});
