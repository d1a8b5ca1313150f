import { describeError } from './error-record.js';

describe('an error in a log', () => {
  it('keeps no parameter and no row of a query that failed', () => {
    const driverError = Object.assign(new Error('null value in column "name"'), { detail: 'Failing row: (hash-1)' });
    const error = Object.assign(new Error('null value in column "name"'), {
      code: '23502',
      query: 'INSERT INTO operator VALUES ($1)',
      parameters: ['hash-1'],
      driverError,
      cause: driverError,
    });
    const record = describeError(error);
    expect(JSON.stringify(record)).not.toContain('hash-1');
    expect(record).toMatchObject({ type: 'Error', code: '23502', message: 'null value in column "name"' });
  });

  it('tells the causes behind it, however they are linked', () => {
    const looped: Error = new Error('outer', { cause: new AggregateError([new Error('refused')], 'all failed') });
    expect(describeError(looped)).toMatchObject({ cause: { message: 'all failed', errors: [{ message: 'refused' }] } });
    looped.cause = looped;
    expect(JSON.stringify(describeError(looped)).split('outer').length).toBeLessThan(20);
  });

  it('says of something thrown that is no error what it safely can', () => {
    expect([describeError('text'), describeError({ token: 'secret' })]).toEqual(['text', { type: 'object' }]);
  });
});
