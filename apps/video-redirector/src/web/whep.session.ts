import { type Place, WebRtcOutlet, type StreamDescription, type ViewerInfo, type ViewerOrigin } from '@app/media';
import { codeOf } from '../streams/refusal.js';
import type { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { takePlace } from './place.js';
import type { WebStream } from './web-stream.resolver.js';
import { type PeerMedia, type PeerPlace, type WebRtc, WhepPeer } from './whep.peer.js';

const CONNECT_MS = 15_000;

/** One WebRTC viewer, from its offer to its end: by itself, by its ticket, or because it never connects. */
export class WhepSession {
  private readonly peer: WhepPeer;
  private readonly outlet: WebRtcOutlet;
  private readonly viewer: ViewerInfo;
  private readonly place: Place | undefined;
  private readonly revoked = (): void => this.end('viewer-revoked');
  private readonly timer: NodeJS.Timeout;
  private isOver = false;

  /** @throws MediaError `stream-not-playable`; DomainError when there is no place */
  constructor(
    webRtc: WebRtc,
    place: PeerPlace,
    media: PeerMedia,
    private readonly stream: WebStream & { description: StreamDescription },
    origin: ViewerOrigin & { id: string },
    private readonly metrics: RedirectorMetrics,
    private readonly onEnd: () => void,
  ) {
    this.peer = new WhepPeer(webRtc, place, media, {
      connected: () => this.begin(),
      keyframeWanted: () => this.outlet.keyframeWanted(),
      closed: () => this.end('viewer-closed'),
    });
    const { hub, description, ended, grant } = stream;
    this.outlet = new WebRtcOutlet(hub, description, this.peer.targets, (error) => this.end(codeOf(error)));
    this.viewer = { ...origin, grant, stats: this.outlet.stats, end: (code) => this.end(code) };
    this.place = this.placeOrClose();
    this.timer = setTimeout(() => this.end('viewer-timeout'), CONNECT_MS);
    metrics.viewerStarted(this.viewer);
    ended?.addEventListener('abort', this.revoked);
    if (ended?.aborted) this.revoked();
  }

  get address(): string {
    return this.viewer.remoteAddress;
  }

  /** @throws Error when the offer cannot be answered; the session is over then */
  async answer(offer: string): Promise<string> {
    try {
      return await this.peer.answer(offer);
    } catch (error) {
      this.end('viewer-closed');
      throw error;
    }
  }

  /** Harmless when repeated. */
  end(code: string): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.stream.ended?.removeEventListener('abort', this.revoked);
    this.outlet.stop();
    this.peer.close();
    this.place?.leave();
    this.metrics.viewerStopped(this.viewer, code);
    this.onEnd();
  }

  private placeOrClose(): Place | undefined {
    const bytes = (): number => this.outlet.stats.bytes;
    try {
      return takePlace(this.stream, { transport: 'webrtc', bytes, end: (code) => this.end(code) });
    } catch (error) {
      this.peer.close();
      throw error;
    }
  }

  private begin(): void {
    clearTimeout(this.timer);
    try {
      if (!this.isOver) this.outlet.start();
    } catch (error) {
      this.end(codeOf(error));
    }
  }
}
