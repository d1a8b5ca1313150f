import { asksForKeyframe, type WebRtcTarget } from '@app/media';
import { randomInt } from 'node:crypto';
import type { PeerConnection, Track } from 'node-datachannel';
import type { VideoOffer } from './whep-offer.js';

export interface PeerPlace {
  /** Address that is bound and offered. */
  host: string;
  /** One UDP port for all viewers; any free ones without it. */
  port: number | undefined;
}

export interface PeerListener {
  connected(): void;
  keyframeWanted(): void;
  closed(): void;
}

const GATHERING_MS = 3_000;
const CNAME = 'adit';

export type WebRtc = typeof import('node-datachannel');

/** The library's binary is not there on every platform: it is loaded when the first viewer asks. */
export const loadWebRtc = (): Promise<WebRtc> => import('node-datachannel');

/** One viewer's WebRTC connection: it sends one video track and receives RTCP alone. */
export class WhepPeer {
  readonly target: WebRtcTarget;
  private readonly connection: PeerConnection;
  private readonly track: Track;
  private isClosed = false;

  constructor(webRtc: WebRtc, { host, port }: PeerPlace, offer: VideoOffer, listener: PeerListener) {
    const mux = port === undefined ? {} : { enableIceUdpMux: true, portRangeBegin: port, portRangeEnd: port };
    const config = { iceServers: [], bindAddress: host, disableAutoNegotiation: true, ...mux };
    this.connection = new webRtc.PeerConnection('whep', config);
    const ssrc = randomInt(1, 2 ** 32);
    const media = new webRtc.Video(offer.mid, 'SendOnly');
    media.addH264Codec(offer.payloadType, offer.format);
    media.addSSRC(ssrc, CNAME, CNAME, 'video');
    this.track = this.connection.addTrack(media);
    const { payloadType } = offer;
    const reporter = new webRtc.RtcpSrReporter(new webRtc.RtpPacketizationConfig(ssrc, CNAME, payloadType, 90_000));
    reporter.addToChain(new webRtc.RtcpNackResponder());
    this.track.setMediaHandler(reporter);
    this.track.onMessage((data) => asksForKeyframe(data) && listener.keyframeWanted());
    this.target = { payloadType, ssrc, send: (packet) => this.send(packet) };
    this.connection.onStateChange((state) => {
      if (state === 'connected') listener.connected();
      if (['disconnected', 'failed', 'closed'].includes(state)) listener.closed();
    });
  }

  /** @returns the answer with all candidates. @throws Error when the offer cannot be answered */
  answer(offer: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        const sdp = this.connection.localDescription()?.sdp;
        if (sdp === undefined) reject(new Error('there is no answer'));
        else resolve(sdp);
      };
      const timer = setTimeout(done, GATHERING_MS);
      this.connection.onGatheringStateChange((state) => state === 'complete' && done());
      this.connection.setRemoteDescription(offer, 'offer');
      this.connection.setLocalDescription('answer');
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.connection.close();
  }

  private send(packet: Buffer): void {
    if (!this.isClosed && this.track.isOpen()) this.track.sendMessageBinary(packet);
  }
}
