import type { RecordingSource } from '../site/site-connector.js';
import type { CameraRecordings } from './camera-list.js';
import { OnvifRecordings } from './onvif-recordings.js';
import { RtspRecordings } from './rtsp-recordings.js';

/** @param key stands for all that is configured */
export const recordingSource = (
  { url, onvif, recording, username, password }: CameraRecordings,
  key: string,
): RecordingSource => {
  const credentials = username === undefined ? undefined : { user: username, password: password ?? '' };
  return onvif === undefined
    ? new RtspRecordings(key, url ?? '', credentials)
    : new OnvifRecordings(key, { service: onvif, recording, credentials });
};
