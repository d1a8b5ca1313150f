import type { Track } from '../stream-description.js';
import type { TrackStart } from './replay-source.js';

/** Reads RTP-Info (RFC 2326 section 12.33). A URL that fits no track counts by its place when there is one for each. */
export function parseRtpInfo(value: string | undefined, tracks: readonly Track[]): TrackStart[] {
  const entries = (value ?? '').split(/,(?=\s*url=)/i).filter((entry) => entry.trim() !== '');
  return entries.flatMap((entry, index) => {
    const url = /(?:^|;)\s*url=("?)([^";]*)\1/i.exec(entry)?.[2] ?? '';
    const named = tracks.find(({ control }) => url !== '' && (control === url || control.endsWith(`/${url}`)));
    const track = named ?? (entries.length === tracks.length ? tracks[index] : undefined);
    if (!track) return [];
    return [{ track: track.index, sequence: numberOf(entry, 'seq'), timestamp: numberOf(entry, 'rtptime') }];
  });
}

/** `base` ends with a slash. */
export function formatRtpInfo(starts: readonly TrackStart[], base: string): string | undefined {
  if (starts.length === 0) return undefined;
  const entries = starts.map(({ track, sequence, timestamp }) => {
    const seq = sequence === undefined ? '' : `;seq=${sequence}`;
    return `url=${base}trackID=${track}${seq}${timestamp === undefined ? '' : `;rtptime=${timestamp}`}`;
  });
  return entries.join(',');
}

function numberOf(entry: string, name: string): number | undefined {
  const digits = new RegExp(`;\\s*${name}=(\\d{1,10})(?:\\s*;|\\s*$)`, 'i').exec(entry)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
