import { MediaError } from '@app/media';
import type { OnvifDevice } from './onvif-device.js';

/** The media services of ONVIF; only Media 2 describes H.265. */
export type MediaService = 'media2' | 'media';

/**
 * Asks Media 2 where the device has it, and Media 1 where it has not or where Media 2 is broken. Rejects with a MediaError.
 * @param ask sends the action to one of them; may be called twice
 */
export const askMedia = async <T>(
  device: OnvifDevice,
  action: string,
  signal: AbortSignal,
  ask: (service: MediaService) => Promise<T>,
): Promise<T> => {
  if (!(await device.offers('media2', signal))) return ask('media');
  try {
    return await ask('media2');
  } catch (error) {
    const failure = failureOf(error, device.hasAnswered('media2', action));
    if (failure === 'of the device' || signal.aborted || !(await device.offers('media', signal))) throw error;
    // Silence would be waited for again with each of its profiles.
    if (failure === 'silence') device.doWithout('media2');
    return ask('media');
  }
};

/**
 * An account that is refused would be refused again, and may be locked for it. Silence where there was an answer before is of a
 * device that is away: with Media 1 alone, its H.265 streams would be gone for a moment.
 */
const failureOf = (error: unknown, hasAnswered: boolean): 'of the device' | 'refusal' | 'silence' => {
  if (!(error instanceof MediaError) || error.code === 'camera-unauthorized') return 'of the device';
  if (error.code === 'camera-refused' || error.code === 'camera-replay-refused') return 'refusal';
  return hasAnswered ? 'of the device' : 'silence';
};
