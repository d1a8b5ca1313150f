import { audioFormat, type AudioTrackFormat } from '../fmp4/audio-format.js';
import { audioEntry } from '../fmp4/audio-entry.js';
import type { Track } from '../stream-description.js';

/** QuickTime's names of the two laws, which players of MP4 know as well. */
const laws: Record<string, string> = { PCMU: 'ulaw', PCMA: 'alaw' };

/** What a file takes: beside AAC and Opus also G.711, one sample a byte. Undefined for any other codec. */
export function exportSound(track: Track): AudioTrackFormat | undefined {
  const law = laws[track.codec];
  if (law === undefined) return audioFormat(track);
  return {
    kind: 'audio',
    codec: law,
    entry: audioEntry(law, 1, track.clockRate),
    width: 0,
    height: 0,
    framesOf: (payload) => (payload.length > 0 ? [{ data: payload, ticks: payload.length }] : []),
  };
}
