import { MediaError } from './errors.js';

export type TrackKind = 'video' | 'audio' | 'application';

export interface Track {
  /** Position among the tracks of the stream. */
  index: number;
  kind: TrackKind;
  /** Encoding name in upper case: H264, H265, PCMU … */
  codec: string;
  payloadType: number;
  clockRate: number;
  /** The source's own `a=control` value; empty when it has none. */
  control: string;
  /** Parameter sets from `sprop-*`, as NAL units without start codes, in the order VPS, SPS, PPS. */
  parameterSets: Buffer[];
  /** Lines that describe the encoding and are passed on unchanged. */
  lines: string[];
}

export interface StreamDescription {
  name: string;
  /** The session-level `a=control` value; empty when there is none. */
  control: string;
  tracks: Track[];
  /** Values of the session-level `a=range` lines. */
  ranges?: string[];
}

/** Payload types with a fixed meaning (RFC 3551 section 6) that cameras use without `a=rtpmap`. */
const fixedPayloads: Record<number, { codec: string; clockRate: number }> = {
  0: { codec: 'PCMU', clockRate: 8000 },
  8: { codec: 'PCMA', clockRate: 8000 },
  9: { codec: 'G722', clockRate: 8000 },
  14: { codec: 'MPA', clockRate: 90000 },
  26: { codec: 'JPEG', clockRate: 90000 },
};

const passedAttributes = /^a=(rtpmap|fmtp|framerate|framesize|x-dimensions|cliprect|ptime|maxptime|recvonly)(:|$)/;
const maxTracks = 16;

interface Section {
  media: string;
  lines: string[];
}

/** Reads an SDP text (RFC 8866). Media without RTP, and what the source wants to receive (`a=sendonly`), are left out. */
export function parseDescription(sdp: string): StreamDescription {
  const session: string[] = [];
  const sections: Section[] = [];
  for (const raw of sdp.split(/\r\n|\n|\r/)) {
    const line = raw.trimEnd();
    if (line.startsWith('m=')) sections.push({ media: line.slice(2), lines: [] });
    else if (line !== '') (sections.at(-1)?.lines ?? session).push(line);
  }
  if (!session[0]?.startsWith('v=')) throw new MediaError('sdp-malformed', 'The description does not begin with v=');
  if (sections.length > maxTracks) throw new MediaError('sdp-malformed', 'The description has too many media');
  const tracks: Track[] = [];
  for (const section of sections) {
    const track = parseTrack(section, tracks.length);
    if (track) tracks.push(track);
  }
  const ranges = session
    .filter((line) => line.startsWith('a=range:'))
    .map((line) => line.slice('a=range:'.length).trim());
  const name = valueOf(session, 's=') ?? '-';
  return { name, control: valueOf(session, 'a=control:') ?? '', tracks, ...(ranges.length > 0 ? { ranges } : {}) };
}

function parseTrack(section: Section, index: number): Track | undefined {
  const media = /^(video|audio|application) \S+ (RTP\/\S+) (\d{1,3})\b/.exec(section.media);
  if (!media || section.lines.includes('a=sendonly')) return undefined;
  const payloadType = Number(media[3]);
  const map = new RegExp(`^a=rtpmap:${payloadType}\\s+([^/\\s]+)/(\\d+)`, 'i');
  const mapped = section.lines.map((line) => map.exec(line)).find((match) => match !== null);
  const encoding = mapped
    ? { codec: mapped[1].toUpperCase(), clockRate: Number(mapped[2]) }
    : fixedPayloads[payloadType];
  if (payloadType > 127 || !encoding || encoding.clockRate < 1) return undefined;
  return {
    index,
    kind: media[1] as TrackKind,
    ...encoding,
    payloadType,
    control: valueOf(section.lines, 'a=control:') ?? '',
    parameterSets: parameterSetsOf(section.lines),
    lines: section.lines.filter((line) => passedAttributes.test(line) || line.startsWith('b=')),
  };
}

function parameterSetsOf(lines: string[]): Buffer[] {
  const format = lines.find((line) => line.startsWith('a=fmtp:')) ?? '';
  const sets: Buffer[] = [];
  for (const name of ['sprop-parameter-sets', 'sprop-vps', 'sprop-sps', 'sprop-pps']) {
    const value = new RegExp(`[\\s;]${name}\\s*=\\s*([^;\\s]+)`, 'i').exec(format)?.[1];
    for (const part of value?.split(',') ?? []) {
      const unit = Buffer.from(part, 'base64');
      if (unit.length > 0) sets.push(unit);
    }
  }
  return sets;
}

function valueOf(lines: string[], prefix: string): string | undefined {
  return lines
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
}

/** Writes the SDP that a viewer gets: transport details are ours, encoding lines are the source's. `ranges` is what can be played. */
export function formatDescription(
  description: StreamDescription,
  sessionId: string,
  ranges: readonly string[] = ['npt=now-'],
): string {
  const lines = ['v=0', `o=- ${sessionId} 1 IN IP4 0.0.0.0`, `s=${description.name}`, 'c=IN IP4 0.0.0.0', 't=0 0'];
  lines.push('a=control:*', ...ranges.map((range) => `a=range:${range}`));
  for (const track of description.tracks) {
    lines.push(`m=${track.kind} 0 RTP/AVP ${track.payloadType}`, ...track.lines, `a=control:trackID=${track.index}`);
  }
  return lines.join('\r\n') + '\r\n';
}

/** Whether a viewer of `before` can go on with `after`: same tracks with the same encodings; parameter sets may differ. */
export function isCompatible(before: StreamDescription, after: StreamDescription): boolean {
  const key = (track: Track): string => `${track.kind} ${track.codec} ${track.payloadType} ${track.clockRate}`;
  return before.tracks.map(key).join() === after.tracks.map(key).join();
}
