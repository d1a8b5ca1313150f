import { SessionRefusedError } from '@app/multiplex';
import { AgentError } from '../errors.js';
import type { Identity } from '../identity/identity.js';
import type { IdentityHolder } from '../identity/identity.holder.js';

/**
 * By the next identity when there is one, whose first use makes it the current one; by the one before it when the broker has
 * something against that certificate, as when the cloud's records were restored from before.
 * @param onError that it was admitted could not be written: it will be tried first again
 */
export const connectByNewest = async <T>(
  holder: IdentityHolder,
  connect: (identity: Identity) => Promise<T>,
  onError: (error: unknown) => void,
): Promise<T> => {
  const { next, current } = holder;
  if (next === undefined) return await connect(current);
  try {
    const connected = await connect(next);
    await holder.admitted(next).catch(onError);
    return connected;
  } catch (error) {
    if (!isAgainstCertificate(error)) throw error;
    return await connect(current);
  }
};

const isAgainstCertificate = (error: unknown): boolean =>
  error instanceof SessionRefusedError
    ? error.code.startsWith('certificate-')
    : error instanceof AgentError && ['certificate-refused', 'certificate-over'].includes(error.code);
