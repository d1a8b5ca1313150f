import { DomainError, isErrorCode } from '@app/contracts';
import type { Entrant, Place } from '@app/media';
import { detailOf, type WebStream } from './web-stream.resolver.js';

/** Takes a place for a viewer that begins now. @throws DomainError `live-capacity-exceeded`, `live-bandwidth-exceeded`, and the same of playback */
export const takePlace = ({ admit }: Pick<WebStream, 'admit'>, entrant: Entrant): Place | undefined => {
  const admitted = admit?.(entrant);
  if (admitted === undefined || !('refuse' in admitted)) return admitted;
  const { code } = admitted.refuse;
  throw new DomainError(isErrorCode(code) ? code : 'unavailable', detailOf(admitted.refuse));
};
