import { browserViewer, type HlsPackager, mediaPlaylist, multivariantPlaylist } from '@app/media';
import { Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HlsSession, HlsSessions } from './hls.sessions.js';
import type { Failure } from './problem.js';
import { type StreamTarget, ticketOf } from './web-request.js';
import { WebStreamResolver } from './web-stream.resolver.js';

const PLAYLIST = 'application/vnd.apple.mpegurl';
/** Longest blocking of a request: three target durations (RFC 8216bis section 6.2.5.2). */
const BLOCK_MS = 10_000;
const FIRST_PART_MS = 10_000;
/** A playlist this far ahead is no wish but an error. */
const MAX_AHEAD = 2;

const GONE: Failure = { status: 404, code: 'not-found', detail: 'this piece, or the whole session, is over' };
const LATE: Failure = { status: 503, code: 'timeout', detail: 'the stream did not go on in time' };
const FULL: Failure = { status: 503, code: 'live-capacity-exceeded', detail: 'too many watch by HLS' };
const AHEAD: Failure = { status: 400, code: 'invalid-request', detail: '_HLS_msn lies too far ahead' };

/** `/hls/<site>/<camera>/index.m3u8` with a ticket; all else below the session that it names. */
@Injectable()
export class HlsRoute {
  constructor(
    private readonly streams: WebStreamResolver,
    private readonly sessions: HlsSessions,
  ) {}

  /** @returns what is wrong with the request; undefined when it was answered */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    target: StreamTarget,
    address: string,
  ): Promise<Failure | undefined> {
    const [id = '', name = '', ...more] = target.rest;
    if (more.length > 0) return GONE;
    if (name === '') return id === 'index.m3u8' ? this.begin(request, response, url, target, address) : GONE;
    const session = this.sessions.find(id, address);
    if (!session) return GONE;
    if (name === 'live.m3u8') return this.playlist(session, response, url);
    return this.piece(session, response, name);
  }

  private async begin(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    target: StreamTarget,
    address: string,
  ): Promise<Failure | undefined> {
    if (this.sessions.isFull) return FULL;
    const stream = await this.streams.resolve(target, ticketOf(request, url), address);
    if ('status' in stream) return stream;
    const path = `/${target.site}/${target.camera}`;
    const origin = { path, remoteAddress: address, ...browserViewer('hls', request.headers['user-agent']) };
    const session = await this.sessions.open(stream, origin);
    const { packager } = session;
    if (!(await packager.until(() => hasParts(packager), FIRST_PART_MS))) return LATE;
    return send(response, session, PLAYLIST, Buffer.from(multivariantPlaylist(packager, `${session.id}/live.m3u8`)));
  }

  private async playlist(session: HlsSession, response: ServerResponse, url: URL): Promise<Failure | undefined> {
    const { packager } = session;
    const wanted = wantedOf(url);
    const newest = packager.segments.at(-1)?.number ?? 0;
    if (wanted && wanted.number > newest + MAX_AHEAD) return AHEAD;
    if (wanted && !(await packager.until(() => isListed(packager, wanted), BLOCK_MS))) return LATE;
    return send(response, session, PLAYLIST, Buffer.from(mediaPlaylist(packager)));
  }

  private async piece(session: HlsSession, response: ServerResponse, name: string): Promise<Failure | undefined> {
    const { packager } = session;
    const [, init] = /^init(\d{1,6})\.mp4$/.exec(name) ?? [];
    const [, number, part] = /^(\d{1,9})(?:\.(\d{1,4}))?\.m4s$/.exec(name) ?? [];
    if (init !== undefined) {
      const data = packager.init(Number(init))?.data;
      return data ? send(response, session, 'video/mp4', data) : GONE;
    }
    if (number === undefined) return GONE;
    if (part === undefined) {
      const segment = packager.segments.find((one) => one.number === Number(number) && one.isComplete);
      const parts = segment?.parts.map(({ data }) => data);
      return parts ? send(response, session, 'video/mp4', Buffer.concat(parts)) : GONE;
    }
    const wanted = { number: Number(number), part: Number(part) };
    if (isHinted(packager, wanted)) await packager.until(() => !isHinted(packager, wanted), BLOCK_MS);
    const found = packager.segments.find((one) => one.number === wanted.number)?.parts[wanted.part];
    return found ? send(response, session, 'video/mp4', found.data) : GONE;
  }
}

interface Wanted {
  number: number;
  part: number;
}

const hasParts = (packager: HlsPackager): boolean => packager.segments.some(({ parts }) => parts.length > 0);

/** A request for a whole segment waits until its last part is there. */
const wantedOf = (url: URL): Wanted | undefined => {
  const [number, part] = [url.searchParams.get('_HLS_msn'), url.searchParams.get('_HLS_part')];
  if (number === null || !/^\d{1,9}$/.test(number)) return undefined;
  return { number: Number(number), part: part !== null && /^\d{1,4}$/.test(part) ? Number(part) : Infinity };
};

/** A part beyond the end of its segment is the first of the next one. */
const isListed = ({ segments }: HlsPackager, { number, part }: Wanted): boolean =>
  segments.some((one) => {
    if (one.number > number) return one.parts.length > 0 || part === Infinity;
    return one.number === number && (one.parts.length > part || (one.isComplete && part === Infinity));
  });

const isHinted = ({ segments, error }: HlsPackager, { number, part }: Wanted): boolean => {
  const last = segments.at(-1);
  if (!last || error) return false;
  return last.isComplete
    ? number === last.number + 1 && part === 0
    : number === last.number && part === last.parts.length;
};

const send = (response: ServerResponse, session: HlsSession, type: string, body: Buffer): undefined => {
  session.viewer.stats.bytes += body.length;
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
};
