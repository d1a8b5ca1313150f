import { type CommandHop, directory, DomainError, type ErrorCode } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import { siteRefusal } from '../connections/site-refusal.js';

const { ExecuteResponse_Outcome: Outcome } = directory;
const TOO_OLD = 'the agent of the site is too old to take commands';
const LONGEST = 200;

/** Says which hop was slow. */
export const commandTimeout = (hop: CommandHop, detail: string, cause?: unknown): DomainError =>
  new DomainError('command-timeout', detail, { hop, ...(cause === undefined ? {} : { cause }) });

/** What a site answered, unless it is done. */
export const refusalOf = ({ outcome, reason }: directory.ExecuteResponse): DomainError | undefined => {
  if (outcome === Outcome.DONE) return undefined;
  const detail = clean(reason) || 'the site gives no reason';
  if (outcome === Outcome.REFUSED)
    return new DomainError(/^ptz-(?:held|locked):/.test(detail) ? 'ptz-held' : 'command-refused', detail);
  return new DomainError('command-unsupported', detail);
};

/** Why a site gave no outcome. */
export const executeFault = (error: unknown): DomainError => {
  if (error instanceof DomainError) return error;
  const { code, rawMessage } = ConnectError.from(error);
  const detail = clean(rawMessage);
  if (code === Code.DeadlineExceeded)
    return commandTimeout('site', isDropped(error) ? `the site dropped it: ${detail}` : NO_ANSWER, error);
  if (code === Code.Aborted && detail.startsWith('device-timeout:')) return commandTimeout('device', detail, error);
  if (BROKEN.has(code)) return new DomainError('site-unreachable', BROKE, { cause: error });
  const known = CODES[code];
  if (known === undefined) return siteRefusal(error);
  return new DomainError(known, code === Code.Unimplemented ? TOO_OLD : detail, { cause: error });
};

const CODES: Partial<Record<Code, ErrorCode>> = {
  [Code.Aborted]: 'command-failed',
  [Code.Unimplemented]: 'command-unsupported',
  [Code.FailedPrecondition]: 'command-unsupported',
  [Code.NotFound]: 'not-found',
};
const BROKEN = new Set([Code.Unavailable, Code.Canceled]);
const BROKE = 'the contact broke: whether it was done is not known';
const NO_ANSWER = 'the site has not answered in time: whether it was done is not known';

/** It came to the site too late, by the site's clock. */
export const isDropped = (error: unknown): boolean =>
  ConnectError.from(error).rawMessage.startsWith('command-expired:');

const clean = (text: string): string => text.replace(/\p{Cc}/gu, '').slice(0, LONGEST);
