import { create } from '@bufbuild/protobuf';
import { directory, DomainError } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import { executeFault, isDropped, refusalOf } from './command-refusal.js';

const { ExecuteResponse_Outcome: Outcome } = directory;

describe('what a site answers to a command', () => {
  it.each([
    [Outcome.REFUSED, 'ptz-held: ben (level 50) steers this camera', 'ptz-held'],
    [Outcome.REFUSED, 'ptz-locked: ben (level 50) has locked this camera', 'ptz-held'],
    [Outcome.REFUSED, 'not-permitted: the account may not', 'command-refused'],
    [Outcome.UNSUPPORTED, 'no-ptz: the camera cannot be turned', 'command-unsupported'],
    [Outcome.UNSPECIFIED, '', 'command-unsupported'],
    [99, 'of a newer version', 'command-unsupported'],
  ])('%s %j is %s', (outcome, reason, code) => {
    expect(refusalOf(create(directory.ExecuteResponseSchema, { outcome, reason }))).toMatchObject({ code });
  });

  it('is nothing when it is done, and shows no control characters of a site', () => {
    expect(refusalOf(create(directory.ExecuteResponseSchema, { outcome: Outcome.DONE }))).toBeUndefined();
    const refused = create(directory.ExecuteResponseSchema, {
      outcome: Outcome.REFUSED,
      reason: `x\u001b[2J${'y'.repeat(999)}`,
    });
    expect(refusalOf(refused)?.detail).toMatch(/^x\[2Jy{196}$/);
  });

  it.each([
    [Code.DeadlineExceeded, 'the operation timed out', { code: 'command-timeout', options: { hop: 'site' } }],
    [
      Code.DeadlineExceeded,
      'command-expired: it arrived after its time',
      { code: 'command-timeout', options: { hop: 'site' } },
    ],
    [Code.Aborted, 'device-timeout: silent', { code: 'command-timeout', options: { hop: 'device' } }],
    [Code.Aborted, 'camera-unauthorized: no', { code: 'command-failed' }],
    [Code.Unimplemented, '', { code: 'command-unsupported' }],
    [Code.Unavailable, 'read ECONNRESET', { code: 'site-unreachable' }],
    [Code.Canceled, '', { code: 'site-unreachable' }],
    [Code.PermissionDenied, 'no', { code: 'site-right-missing' }],
  ])('fails with %s %j', (code, message, expected) => {
    expect(executeFault(new ConnectError(message, code))).toMatchObject(expected);
  });

  it('keeps an error of ours, and tells what was dropped from what was slow', () => {
    const ours = new DomainError('site-offline', 'away');
    expect(executeFault(ours)).toBe(ours);
    expect(isDropped(new ConnectError('command-expired: late', Code.DeadlineExceeded))).toBe(true);
    expect(isDropped(new ConnectError('the operation timed out', Code.DeadlineExceeded))).toBe(false);
  });
});
