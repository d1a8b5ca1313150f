export interface InterleavedOffer {
  /** Channel the client wants for RTP; undefined leaves the choice to us. */
  rtp: number | undefined;
  rtcp: number | undefined;
}

/** The first offer of a Transport header that asks for RTP interleaved in the connection; undefined when there is none. */
export function interleavedOffer(header: string): InterleavedOffer | undefined {
  for (const offer of header.split(',')) {
    const [profile, ...parameters] = offer.split(';').map((part) => part.trim());
    if (profile?.toUpperCase() !== 'RTP/AVP/TCP') continue;
    if (parameters.some((part) => /^mode="?record"?$/i.test(part))) continue;
    const channels = parameters
      .map((part) => /^interleaved=(\d{1,3})(?:-(\d{1,3}))?$/i.exec(part))
      .find((match) => match);
    const rtp = channels ? Number(channels[1]) : undefined;
    const rtcp = channels?.[2] !== undefined ? Number(channels[2]) : undefined;
    return { rtp, rtcp: rtcp ?? (rtp === undefined ? undefined : rtp + 1) };
  }
  return undefined;
}

/** The channel pair a server granted; undefined when it chose another transport. */
export function grantedChannels(header: string): { rtp: number; rtcp: number } | undefined {
  const offer = interleavedOffer(header);
  if (offer?.rtp === undefined || offer.rtcp === undefined || offer.rtp > 255 || offer.rtcp > 255) return undefined;
  return { rtp: offer.rtp, rtcp: offer.rtcp };
}
