import { DomainError } from '@app/contracts';
import { asMediaError, MediaError } from '@app/media';
import { PkiError } from '@app/pki';
import { DialError } from '@app/tunnel-dialer';
import { refusalOf } from './refusal.js';

describe('refusalOf', () => {
  it.each([
    [new DomainError('unauthenticated', ''), 401, 'unauthenticated'],
    [new DomainError('ticket-expired', ''), 401, 'ticket-expired'],
    [new DomainError('ticket-used', ''), 403, 'ticket-used'],
    [new DomainError('forbidden', ''), 403, 'forbidden'],
    [new DomainError('stream-account-revoked', ''), 403, 'stream-account-revoked'],
    [new DomainError('stream-account-expired', ''), 403, 'stream-account-expired'],
    [new DomainError('rate-limited', ''), 429, 'rate-limited'],
    [new DomainError('live-capacity-exceeded', ''), 453, 'live-capacity-exceeded'],
    [new DomainError('playback-bandwidth-exceeded', ''), 453, 'playback-bandwidth-exceeded'],
    [asMediaError(new DomainError('camera-not-found', ''), 'source-failed'), 404, 'camera-not-found'],
    [asMediaError(new DomainError('site-offline', ''), 'source-failed'), 503, 'site-offline'],
    [asMediaError(new DialError('site-unreachable', ''), 'source-failed'), 503, 'site-unreachable'],
    [asMediaError(new PkiError('tls-pin-mismatch', ''), 'source-failed'), 503, 'tls-pin-mismatch'],
    [new MediaError('link-refused', '', 'camera-unauthorized'), 503, 'camera-unauthorized'],
    [new MediaError('link-refused', '', 'uplink-live-exceeded'), 453, 'uplink-live-exceeded'],
    [new MediaError('link-refused', '', 'uplink-playback-exceeded'), 453, 'uplink-playback-exceeded'],
    [new MediaError('hub-open-timeout', ''), 503, 'hub-open-timeout'],
    [new Error('anything'), 503, 'internal'],
  ])('answers %s with %d %s', (error, status, code) => {
    const refusal = refusalOf(error);
    expect(refusal).toMatchObject({ status, code });
    expect(refusal.reason).toContain(code);
    expect(refusal.challenge === undefined).toBe(status !== 401);
  });

  it('asks for an account who brought no ticket', () => {
    const refusal = refusalOf(new DomainError('unauthenticated', ''), 'account');
    expect([refusal.digest, refusal.challenge]).toEqual([true, undefined]);
    expect(refusalOf(new DomainError('forbidden', ''), 'account').digest).toBeUndefined();
  });
});
