import { asMediaError } from '@app/media';
import { Code, ConnectError } from '@connectrpc/connect';

/** Why there is no picture, the code first. */
export const snapshotFault = (error: unknown): ConnectError => {
  const { code, message } = asMediaError(error, 'camera-unreachable');
  if (code === 'snapshot-unsupported') return new ConnectError(message.slice(0, 200), Code.FailedPrecondition);
  return new ConnectError(`${code}: ${message}`.slice(0, 200), Code.Aborted);
};
