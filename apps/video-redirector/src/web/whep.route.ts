import { browserViewer, isReordered, MediaError, webRtcSound, webRtcTrack, type ViewerOrigin } from '@app/media';
import { CONFIG, LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RedirectorConfig } from '../config.js';
import { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import type { Failure } from './problem.js';
import { type StreamTarget, ticketOf } from './web-request.js';
import { type WebStream, WebStreamResolver } from './web-stream.resolver.js';
import { audioOffer, videoOffer } from './whep-offer.js';
import { loadWebRtc, type WebRtc } from './whep.peer.js';
import { WhepSession } from './whep.session.js';

const MAX_OFFER_BYTES = 32 << 10;
const MAX_SESSIONS = 200;
const ID_BYTES = 24;

const OFF: Failure = { status: 501, code: 'not-implemented', detail: 'this redirector offers no WebRTC' };
const GONE: Failure = { status: 404, code: 'not-found', detail: 'there is no such session' };
const METHOD: Failure = { status: 405, code: 'method-not-allowed', detail: 'POST an offer, DELETE the session' };
const FULL: Failure = { status: 503, code: 'live-capacity-exceeded', detail: 'too many watch by WebRTC' };
const OFFER: Failure = { status: 400, code: 'invalid-request', detail: 'the body is no offer of H.264 video' };
const TYPE: Failure = { status: 415, code: 'unsupported-media-type', detail: 'send the offer as application/sdp' };
const LARGE: Failure = { status: 413, code: 'payload-too-large', detail: 'the offer is over 32 KiB' };

/** WHEP (draft-ietf-wish-whep): `POST /whep/<site>/<camera>` with an offer, `DELETE` of the session that it opened. */
@Injectable()
export class WhepRoute implements OnApplicationShutdown {
  private readonly sessions = new Map<string, WhepSession>();

  constructor(
    @Inject(CONFIG) private readonly config: RedirectorConfig,
    private readonly streams: WebStreamResolver,
    private readonly metrics: RedirectorMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @returns what is wrong with the request; undefined when it was answered */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    target: StreamTarget,
    address: string,
  ): Promise<Failure | undefined> {
    const [id] = target.rest;
    if (id !== undefined) {
      const session = this.sessions.get(id);
      if (session?.address !== address) return GONE;
      if (request.method !== 'DELETE') return METHOD;
      session.end('viewer-closed');
      response.writeHead(200).end();
      return undefined;
    }
    if (request.method !== 'POST') return METHOD;
    if (this.config.ADIT_WEBRTC_HOST === undefined) return OFF;
    if (this.sessions.size >= MAX_SESSIONS) return FULL;
    if (request.headers['content-type'] !== 'application/sdp') return TYPE;
    const stream = await this.streams.resolve(target, ticketOf(request, url), address);
    if ('status' in stream) return stream;
    const offer = await readOffer(request);
    if (offer === undefined) return LARGE;
    const path = `/${target.site}/${target.camera}`;
    return this.open(response, stream, offer, {
      path,
      remoteAddress: address,
      ...browserViewer('webrtc', request.headers['user-agent']),
    });
  }

  onApplicationShutdown(): void {
    for (const session of [...this.sessions.values()]) session.end('viewer-closed');
  }

  private async open(
    response: ServerResponse,
    stream: WebStream,
    offer: string,
    origin: ViewerOrigin,
  ): Promise<Failure | undefined> {
    const description = await stream.hub.describe();
    const { index, parameterSets } = webRtcTrack(description);
    const [sps] = parameterSets;
    if (isReordered(stream.hub, index)) throw new MediaError('stream-not-playable', 'WebRTC carries no B-frames');
    const video = videoOffer(offer, sps?.toString('hex', 1, 3) ?? '');
    if (!video) return OFFER;
    const codec = webRtcSound(description)?.codec ?? '';
    const sound = audioOffer(offer, codec);
    const media = { video, audio: sound && { ...sound, codec } };
    const webRtc = await this.library();
    if (!webRtc) return OFF;
    const id = randomBytes(ID_BYTES).toString('base64url');
    const place = { host: this.config.ADIT_WEBRTC_HOST ?? '', port: this.config.ADIT_WEBRTC_PORT };
    const watched = { ...stream, description };
    const over = (): void => void this.sessions.delete(id);
    const session = new WhepSession(webRtc, place, media, watched, { ...origin, id }, this.metrics, over);
    this.sessions.set(id, session);
    const answer = await session.answer(offer).catch(() => undefined);
    if (answer === undefined) {
      over();
      return OFFER;
    }
    const location = `/whep${origin.path.split('/').map(encodeURIComponent).join('/')}/${id}`;
    response.writeHead(201, { 'content-type': 'application/sdp', location }).end(answer);
    return undefined;
  }

  private async library(): Promise<WebRtc | undefined> {
    try {
      return await loadWebRtc();
    } catch (error) {
      this.logger.warn({ err: error }, 'the library for WebRTC cannot be loaded');
      return undefined;
    }
  }
}

/** Undefined when it is too large. */
const readOffer = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_OFFER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
};
