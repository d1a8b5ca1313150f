import { asksForKeyframe, type WebRtcTarget, type WebRtcTargets } from '@app/media';
import { randomInt } from 'node:crypto';
import type { Audio, PeerConnection, Video } from 'node-datachannel';
import type { MediaOffer } from './whep-offer.js';

export interface PeerPlace {
  /** Address that is bound and offered. */
  host: string;
  /** One UDP port for all viewers; any free ones without it. */
  port: number | undefined;
}

/** What the viewer offers and the camera has. */
export interface PeerMedia {
  video: MediaOffer;
  audio: (MediaOffer & { codec: string }) | undefined;
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

/** One viewer's WebRTC connection: it sends a picture, and sound where there is one, and receives RTCP alone. */
export class WhepPeer {
  readonly targets: WebRtcTargets;
  private readonly connection: PeerConnection;
  private isClosed = false;

  constructor(
    private readonly webRtc: WebRtc,
    { host, port }: PeerPlace,
    { video, audio }: PeerMedia,
    private readonly listener: PeerListener,
  ) {
    const mux = port === undefined ? {} : { enableIceUdpMux: true, portRangeBegin: port, portRangeEnd: port };
    const config = { iceServers: [], bindAddress: host, disableAutoNegotiation: true, ...mux };
    this.connection = new webRtc.PeerConnection('whep', config);
    const picture = new webRtc.Video(video.mid, 'SendOnly');
    picture.addH264Codec(video.payloadType, video.format);
    const sound = audio && new webRtc.Audio(audio.mid, 'SendOnly');
    sound?.addAudioCodec(audio?.payloadType ?? 0, audio?.codec === 'OPUS' ? 'opus' : (audio?.codec ?? ''));
    this.targets = {
      video: this.targetOf(picture, 'video', video.payloadType),
      audio: sound && this.targetOf(sound, 'audio', audio?.payloadType ?? 0),
    };
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

  /** Both tracks are of one stream (CNAME), whose reports come from the camera's own clock. */
  private targetOf(media: Audio | Video, kind: 'audio' | 'video', payloadType: number): WebRtcTarget {
    const ssrc = randomInt(1, 2 ** 32);
    media.addSSRC(ssrc, CNAME, CNAME, kind);
    const track = this.connection.addTrack(media);
    track.setMediaHandler(new this.webRtc.RtcpNackResponder());
    track.onMessage((data) => asksForKeyframe(data) && this.listener.keyframeWanted());
    const send = (packet: Buffer): void => {
      if (!this.isClosed && track.isOpen()) track.sendMessageBinary(packet);
    };
    return { payloadType, ssrc, send };
  }
}
