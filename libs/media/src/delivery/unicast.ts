import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { DatagramTrack } from './datagram.js';
import type { UdpPair } from './udp-ports.js';

export interface Receiver {
  address: string;
  rtp: number;
  rtcp: number;
}

/** Below are the services of the receiver's machine, which a viewer has no business to have written to. */
const lowestPort = 1024;

/** Whether RTP may be sent to the ports that a client names. */
export const arePorts = (rtp: number | undefined, rtcp: number | undefined): boolean =>
  [rtp, rtcp].every((port) => port !== undefined && port >= lowestPort && port <= 65_535) && rtp !== rtcp;

/**
 * Connects a pair of sockets to a viewer. `heard` gets RTCP from the viewer's own address, from whatever port.
 * @throws the socket's error when the address cannot be sent to
 */
export async function connectUnicast(
  pair: UdpPair,
  { address, rtp, rtcp }: Receiver,
  heard: (packet: Buffer) => void,
): Promise<DatagramTrack> {
  try {
    pair.rtp.connect(rtp, address);
    await once(pair.rtp, 'connect');
  } catch (error) {
    closeAll(pair);
    throw error;
  }
  const plain = address.replace(/%.*$/, '');
  // Players behind a translated port send RTCP from another one than they named.
  pair.rtcp.on('message', (packet, from) => {
    if (from.address.replace(/%.*$/, '') === plain) heard(packet);
  });
  return {
    rtp: pair.rtp,
    control: (packet) => pair.rtcp.send(packet, rtcp, address, () => undefined),
    close: () => closeAll(pair),
  };
}

function closeAll({ rtp, rtcp }: Record<'rtp' | 'rtcp', Socket>): void {
  for (const socket of [rtp, rtcp]) socket.close();
}
