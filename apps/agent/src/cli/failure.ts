import { ConfigurationError, PortInUseError } from '@app/runtime';
import { InterruptedError } from '@app/terminal';
import { PkiError } from '@app/pki';
import { ConnectorError } from '../connectors/index.js';
import { MediaError } from '@app/media';
import { adviceOf } from './advice.js';
import { AgentError, EnrolmentRefusedError, EXIT, type ExitCode } from '../errors.js';

export interface Failure {
  exitCode: ExitCode;
  /** `code: message`, then the advice on a line of its own. */
  text: string;
}

/** What a person and the calling process get to know of an error. */
export const describeFailure = (error: unknown): Failure => {
  if (error instanceof EnrolmentRefusedError) {
    return told(error.exitCode, error.reason, error.message, error.advice);
  }
  if (error instanceof AgentError) return told(error.exitCode, error.code, error.message, error.advice);
  if (error instanceof InterruptedError) return told(EXIT.notConfirmed, 'not-confirmed', error.message);
  if (error instanceof PkiError) return told(EXIT.keyfile, error.code, error.message, adviceOf(error.code));
  if (error instanceof ConfigurationError)
    return told(EXIT.configuration, error.code, error.message.replace(/^configuration: /, ''));
  if (error instanceof PortInUseError) return told(EXIT.portInUse, error.code, error.message);
  if (error instanceof ConnectorError || error instanceof MediaError) {
    return told(EXIT.negative, error.code, error.message, adviceOf(error.code));
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return told(EXIT.failure, 'internal', stack);
};

const told = (exitCode: ExitCode, code: string, message: string, advice?: string): Failure => ({
  exitCode,
  text: `${code}: ${message}${advice === undefined ? '' : `\n${advice}`}`,
});
