import { InterruptedError, printable } from '@app/terminal';
import { ApiProblem } from '../api/problem.js';
import { CliError, EXIT, type ExitCode } from '../errors.js';
import { adviceOf } from './advice.js';

export interface Failure {
  exitCode: ExitCode;
  /** `code: message`, the members that are wrong, the request id, the advice: a line each. */
  text: string;
  /** The same for programs. */
  json: object;
}

/** What a person and the calling process get to know of an error. */
export const describeFailure = (error: unknown): Failure => {
  if (error instanceof ApiProblem) return ofProblem(error);
  if (error instanceof CliError) return told(error.exitCode, error.code, error.message, error.advice);
  if (error instanceof InterruptedError) return told(EXIT.interrupted, 'interrupted', 'nothing was done');
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.failure, text: `internal: ${stack}`, json: { error: { code: 'internal', detail: stack } } };
};

const ofProblem = (error: ApiProblem): Failure => {
  const { code, status, problem, requestId, retryAfterMs } = error;
  const advice =
    code === 'rate-limited' && retryAfterMs !== undefined
      ? `Wait ${Math.ceil(retryAfterMs / 1_000)} s, then try again`
      : adviceOf(code);
  const lines = [
    `${code}: ${problem.detail}`,
    ...problem.errors.map(({ pointer, detail }) => `  ${pointer.replace(/^\//, '')}: ${detail}`),
    ...(requestId === undefined ? [] : [`request id: ${requestId}`]),
    ...(advice === undefined ? [] : [advice]),
  ];
  const text = lines.map(printable).join('\n');
  return { exitCode: exitCodeOf(status), text, json: { error: { ...problem, ...(advice ? { advice } : {}) } } };
};

const exitCodeOf = (status: number): ExitCode => {
  if (status === 401) return EXIT.notPermitted;
  return status === 429 || status >= 502 ? EXIT.unavailable : EXIT.refused;
};

const told = (exitCode: ExitCode, code: string, message: string, advice?: string): Failure => ({
  exitCode,
  text: [`${code}: ${message}`, ...(advice === undefined ? [] : [advice])].map(printable).join('\n'),
  json: { error: { code, detail: message, ...(advice === undefined ? {} : { advice }) } },
});
