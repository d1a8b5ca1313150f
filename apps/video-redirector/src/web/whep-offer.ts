/** What an answer needs of one media section that a viewer offers. */
export interface MediaOffer {
  mid: string;
  payloadType: number;
  /** The format parameters of that payload type; empty when there are none. */
  format: string;
}

/**
 * The offered H.264 that is nearest to the stream's profile, fragmented packets allowed; undefined when there is none.
 * @param profile of the stream: profile_idc and constraint flags as four hexadecimal digits
 */
export const videoOffer = (sdp: string, profile: string): MediaOffer | undefined => {
  const formats = offersOf(sdp, 'video', 'H264/90000').filter(({ format }) => /packetization-mode=1/.test(format));
  const wanted = profile.toLowerCase();
  // Decoders go by the parameter sets: a browser that names other profiles mostly plays this one too.
  const [same, similar] = [4, 2].map((digits) =>
    formats.find(({ format }) => profileOf(format).slice(0, digits) === wanted.slice(0, digits)),
  );
  return same ?? similar ?? formats[0];
};

const ENCODINGS: Record<string, string> = { OPUS: 'opus/48000/2', PCMU: 'PCMU/8000', PCMA: 'PCMA/8000' };

/** The offered sound of that codec; undefined when the viewer offers none of it. */
export const audioOffer = (sdp: string, codec: string): MediaOffer | undefined => {
  const encoding = ENCODINGS[codec];
  return encoding === undefined ? undefined : offersOf(sdp, 'audio', encoding)[0];
};

const offersOf = (sdp: string, kind: string, encoding: string): MediaOffer[] => {
  const section = sdp.split(/^(?=m=)/m).find((part) => part.startsWith(`m=${kind}`));
  const mid = section && /^a=mid:(\S+)/m.exec(section)?.[1];
  if (!section || !mid) return [];
  const types = [...section.matchAll(/^a=rtpmap:(\d{1,3}) (\S+)/gm)].filter(
    ([, , name]) => name?.toLowerCase() === encoding.toLowerCase(),
  );
  return types.map(([, type]) => {
    const format = new RegExp(`^a=fmtp:${type} (\\S+)`, 'm').exec(section)?.[1] ?? '';
    return { mid, payloadType: Number(type), format };
  });
};

/** profile_idc and constraint flags as four hexadecimal digits. */
const profileOf = (format: string): string => /profile-level-id=([0-9a-f]{4})/i.exec(format)?.[1]?.toLowerCase() ?? '';
