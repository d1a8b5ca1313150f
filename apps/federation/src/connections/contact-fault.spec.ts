import { DomainError } from '@app/contracts';
import { PkiError } from '@app/pki';
import { DialError } from '@app/tunnel-dialer';
import { Code, ConnectError } from '@connectrpc/connect';
import { contactFault } from './contact-fault.js';

describe('contactFault', () => {
  it.each([
    [new DialError('site-offline', 'no agent'), 'failed', 'site-offline'],
    [new DialError('site-unreachable', 'broken'), 'failed', 'site-unreachable'],
    [new DialError('dial-timeout', 'late'), 'failed', 'site-unreachable'],
    [new DialError('address-not-allowed', 'private'), 'failed', 'address-not-allowed'],
    [new PkiError('tls-pin-mismatch', 'other key'), 'failed', 'tls-pin-mismatch'],
    [new PkiError('tls-timeout', 'late'), 'failed', 'site-unreachable'],
    [new ConnectError('who', Code.Unauthenticated), 'refused', 'invalid-credentials'],
    [new ConnectError('right-missing: …', Code.PermissionDenied), 'failed', 'site-right-missing'],
    [new ConnectError('changed', Code.Aborted), 'failed', 'account-changed'],
    [new ConnectError('gone', Code.Unavailable), 'failed', 'site-unreachable'],
    [new ConnectError('late', Code.DeadlineExceeded), 'failed', 'site-unreachable'],
    [new ConnectError('what', Code.Unimplemented), 'failed', 'directory-refused'],
    [new DomainError('unavailable', 'database'), 'failed', 'unavailable'],
    [new Error('anything'), 'failed', 'site-unreachable'],
  ] as const)('reads %s as %s, %s', (error, event, code) => {
    expect(contactFault(error)).toMatchObject({ event, code });
  });
});
