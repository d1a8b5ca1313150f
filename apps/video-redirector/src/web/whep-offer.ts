/** What an answer needs of the media that a viewer offers. */
export interface VideoOffer {
  mid: string;
  payloadType: number;
  /** The format parameters of that payload type. */
  format: string;
}

/** The offered H.264 that is nearest to the stream's profile, fragmented packets allowed; undefined when there is none. */
export const videoOffer = (sdp: string, profile: string): VideoOffer | undefined => {
  const section = sdp.split(/^(?=m=)/m).find((part) => part.startsWith('m=video'));
  const mid = section && /^a=mid:(\S+)/m.exec(section)?.[1];
  if (!section || !mid) return undefined;
  const types = [...section.matchAll(/^a=rtpmap:(\d+) H264\/90000/gim)].map(([, type]) => Number(type));
  const formats = types.flatMap((payloadType) => {
    const format = new RegExp(`^a=fmtp:${payloadType} (\\S+)`, 'm').exec(section)?.[1] ?? '';
    return /packetization-mode=1/.test(format) ? [{ mid, payloadType, format }] : [];
  });
  const sameProfile = formats.find(({ format }) => profileOf(format) === profile.slice(0, 2).toLowerCase());
  return sameProfile ?? formats[0];
};

/** The profile_idc as two hexadecimal digits. */
const profileOf = (format: string): string => /profile-level-id=([0-9a-f]{2})/i.exec(format)?.[1]?.toLowerCase() ?? '';
