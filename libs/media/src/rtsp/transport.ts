/** How RTP reaches a viewer, the least capable first. */
export const transports = ['tcp', 'udp', 'multicast'] as const;
export type Transport = (typeof transports)[number];

/** One of the alternatives of a Transport header (RFC 2326 section 12.39), for playing. */
export interface TransportOffer {
  /** `other`: a profile or a wish that nobody here can serve. */
  transport: Transport | 'other';
  /** Channels or client ports as the client named them; undefined leaves the choice to us. */
  rtp: number | undefined;
  rtcp: number | undefined;
}

/** The offers of a Transport header in the client's order. */
export function parseTransports(header: string): TransportOffer[] {
  return header
    .split(',')
    .map((offer) => offer.trim())
    .filter((offer) => offer !== '')
    .map(parseOffer);
}

/** An offer says multicast or names its ports; with neither, RFC 2326 means multicast. */
function parseOffer(text: string): TransportOffer {
  const [profile = '', ...parameters] = text.split(';').map((part) => part.trim());
  const other: TransportOffer = { transport: 'other', rtp: undefined, rtcp: undefined };
  if (parameters.some((part) => /^mode="?record"?$/i.test(part))) return other;
  switch (profile.toUpperCase()) {
    case 'RTP/AVP/TCP':
      return { transport: 'tcp', ...numbersOf(parameters, 'interleaved') };
    case 'RTP/AVP':
    case 'RTP/AVP/UDP': {
      const ports = numbersOf(parameters, 'client_port');
      const says = (word: string): boolean => parameters.some((part) => part.toLowerCase() === word);
      const isUnicast = says('unicast') || (!says('multicast') && ports.rtp !== undefined);
      return { transport: isUnicast ? 'udp' : 'multicast', ...ports };
    }
    default:
      return other;
  }
}

/** `name=a-b`; a client that leaves out the second means the number after the first. */
function numbersOf(parameters: string[], name: string): Pick<TransportOffer, 'rtp' | 'rtcp'> {
  const pattern = new RegExp(`^${name}=(\\d{1,5})(?:-(\\d{1,5}))?$`, 'i');
  const found = parameters.map((part) => pattern.exec(part)).find((match) => match !== null);
  const rtp = found ? Number(found[1]) : undefined;
  const rtcp = found?.[2] === undefined ? undefined : Number(found[2]);
  return { rtp, rtcp: rtcp ?? (rtp === undefined ? undefined : rtp + 1) };
}

/** The channel pair a server granted; undefined when it chose another transport. */
export function grantedChannels(header: string): { rtp: number; rtcp: number } | undefined {
  const offer = parseTransports(header).find(({ transport }) => transport === 'tcp');
  if (offer?.rtp === undefined || offer.rtcp === undefined || offer.rtp > 255 || offer.rtcp > 255) return undefined;
  return { rtp: offer.rtp, rtcp: offer.rtcp };
}

/** Where a server sends from, as far as it says so; undefined when it chose another transport than unicast by UDP. */
export function grantedPorts(header: string): Pick<TransportOffer, 'rtp' | 'rtcp'> | undefined {
  const text = header.split(',')[0] ?? '';
  // Some cameras leave out that they send to one receiver, and the ports that were asked for.
  const [profile = '', ...parameters] = text.split(';').map((part) => part.trim());
  const isMulticast = parameters.some((part) => part.toLowerCase() === 'multicast');
  if (!/^RTP\/AVP(\/UDP)?$/i.test(profile) || isMulticast) return undefined;
  return numbersOf(parameters, 'server_port');
}
