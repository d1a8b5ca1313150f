import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { MediaError } from '../errors.js';

/** An even port for RTP and the odd one above it for RTCP (RFC 3550 section 11). */
export interface UdpPair {
  port: number;
  rtp: Socket;
  rtcp: Socket;
}

/** Ports of this machine that RTP is sent from. */
export class UdpPorts {
  readonly #pairs: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** From `first` (even) to `last` (odd), both included. @throws RangeError */
  constructor(
    readonly first: number,
    readonly last: number,
  ) {
    if (first % 2 !== 0 || last % 2 !== 1 || last < first || first < 2 || last > 65_535) {
      throw new RangeError(`${first}-${last} is no range of ports: from an even one to a higher odd one`);
    }
    this.#pairs = (last - first + 1) / 2;
  }

  /** Binds the next free pair on an address of this machine. @throws MediaError `udp-ports-exhausted` */
  async bind(address: string): Promise<UdpPair> {
    for (let tried = 0; tried < this.#pairs; tried++) {
      const port = this.first + 2 * (this.#next++ % this.#pairs);
      if (this.#used.has(port)) continue;
      this.#used.add(port);
      const pair = await bindPair(address, port);
      if (!pair) {
        this.#used.delete(port);
        continue;
      }
      pair.rtp.once('close', () => this.#used.delete(port));
      return pair;
    }
    throw new MediaError('udp-ports-exhausted', `No pair of ports from ${this.first} to ${this.last} is free`);
  }
}

async function bindPair(address: string, port: number): Promise<UdpPair | undefined> {
  const rtp = await bindSocket(address, port);
  if (!rtp) return undefined;
  const rtcp = await bindSocket(address, port + 1);
  if (rtcp) return { port, rtp, rtcp };
  rtp.close();
  return undefined;
}

/** A port that somebody else has, or an address that is gone, is passed over. */
export async function bindSocket(address: string, port: number, reuseAddr = false): Promise<Socket | undefined> {
  const socket = createSocket({ type: isIPv6(address.replace(/%.*$/, '')) ? 'udp6' : 'udp4', reuseAddr });
  try {
    socket.bind({ port, address, exclusive: true });
    await once(socket, 'listening');
    // What an unreachable receiver sends back is no fault of ours: its RTSP connection says whether it is there.
    socket.on('error', () => undefined);
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}
