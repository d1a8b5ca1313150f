import type { HlsPackager } from './packager.js';
import { secondsOf, type Segment } from './segment.js';

/** Parts are listed for the segments nearest to the live edge only (RFC 8216bis section 4.4.4.9). */
const segmentsWithParts = 3;
const holdBackParts = 3;
/** Parts may be longer than asked for where frames are far apart. */
const partTolerance = 1.25;
const shortestTarget = 2;

/** The media playlist of what the packager has now. */
export function mediaPlaylist({ segments, partSeconds }: HlsPackager): string {
  const listed = segments.filter(({ parts }) => parts.length > 0);
  const parts = listed.flatMap((segment) => segment.parts);
  const partTarget = Math.max(partSeconds * partTolerance, ...parts.map(({ seconds }) => seconds));
  const target = Math.max(shortestTarget, ...listed.map((segment) => Math.round(secondsOf(segment))));
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(partTarget * holdBackParts).toFixed(3)}`,
    `#EXT-X-PART-INF:PART-TARGET=${partTarget.toFixed(3)}`,
    `#EXT-X-MEDIA-SEQUENCE:${listed[0]?.number ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${listed[0]?.period ?? 0}`,
  ];
  listed.forEach((segment, index) => {
    lines.push(...segmentLines(segment, listed[index - 1], index >= listed.length - segmentsWithParts));
  });
  const last = listed.at(-1);
  if (last) {
    const [number, part] = last.isComplete ? [last.number + 1, 0] : [last.number, last.parts.length];
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${number}.${part}.m4s"`);
  }
  return `${lines.join('\n')}\n`;
}

function segmentLines(segment: Segment, before: Segment | undefined, withParts: boolean): string[] {
  const lines: string[] = [];
  if (segment.discontinuity && before) lines.push('#EXT-X-DISCONTINUITY');
  if (segment.init.index !== before?.init.index) lines.push(`#EXT-X-MAP:URI="init${segment.init.index}.mp4"`);
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.capturedMs).toISOString()}`);
  segment.parts.forEach(({ seconds, independent }, index) => {
    const uri = `${segment.number}.${index}.m4s`;
    const start = independent ? ',INDEPENDENT=YES' : '';
    if (withParts) lines.push(`#EXT-X-PART:DURATION=${seconds.toFixed(5)},URI="${uri}"${start}`);
  });
  if (segment.isComplete) lines.push(`#EXTINF:${secondsOf(segment).toFixed(5)},`, `${segment.number}.m4s`);
  return lines;
}

/** The multivariant playlist; `path` leads to the media playlist. */
export function multivariantPlaylist({ segments }: HlsPackager, path: string): string {
  const segment = segments.at(-1);
  const { codecs = '', width = 0, height = 0 } = segment?.init.segment ?? {};
  const bytes = segment?.parts.reduce((sum, { data }) => sum + data.length, 0) ?? 0;
  const seconds = Math.max(0.2, segment ? secondsOf(segment) : 0);
  const size = width > 0 ? `,RESOLUTION=${width}x${height}` : '';
  const rate = Math.max(1, Math.ceil((bytes * 8) / seconds));
  return `#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-STREAM-INF:BANDWIDTH=${rate},CODECS="${codecs}"${size}\n${path}\n`;
}
