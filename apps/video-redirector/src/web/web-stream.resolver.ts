import { streamUsage } from '@app/contracts';
import type { Hub } from '@app/media';
import { Injectable } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { SiteRecording } from '../streams/site-recording.js';
import { StreamResolver } from '../streams/stream.resolver.js';
import type { Failure } from './problem.js';
import type { StreamTarget } from './web-request.js';

/** `ended` takes the right back. */
export interface WebStream {
  hub: Hub;
  ended: AbortSignal | undefined;
}

export interface WebRecording {
  recording: SiteRecording;
  ended: AbortSignal | undefined;
}

const DETAILS: Record<number, string> = {
  401: 'the view ticket is missing, wrong or over: ask for a new one',
  403: 'the view ticket is for another stream or another viewer',
  404: 'there is no such stream',
};

const RECORDING: Failure = {
  status: 501,
  code: 'not-implemented',
  detail: 'recordings play over RTSP and over the WebSocket of the page: this way is for live streams alone',
};

/** The same rules as for RTSP; the address of the page does not name the usage, the ticket does. */
@Injectable()
export class WebStreamResolver {
  constructor(private readonly streams: StreamResolver) {}

  /** A live stream alone. */
  async resolve(target: StreamTarget, ticket: string | undefined, address: string): Promise<WebStream | Failure> {
    const found = await this.resolveAny(target, ticket, address);
    return 'recording' in found ? RECORDING : found;
  }

  /** What the ticket is for. */
  async resolveAny(
    { site, camera }: StreamTarget,
    ticket: string | undefined,
    remoteAddress: string,
  ): Promise<WebStream | WebRecording | Failure> {
    const path = `/${site}/${camera}/${usageOf(ticket)}`;
    const query = new URLSearchParams(ticket === undefined ? {} : { ticket });
    const request = {
      method: 'GET',
      url: path,
      path,
      query,
      remoteAddress,
      authorization: undefined,
      onvifReplay: false,
    };
    const resolution = await this.streams.resolve(request);
    if ('replay' in resolution) {
      const { replay, ended } = resolution;
      return replay instanceof SiteRecording ? { recording: replay, ended } : RECORDING;
    }
    if ('hub' in resolution) return { hub: resolution.hub, ended: resolution.ended };
    const { status, code, reason } = resolution.refuse;
    return { status: httpStatusOf(status), code, detail: DETAILS[status] ?? reason };
  }
}

/** Not verified: a ticket that lies here is not admitted to the stream that it names. */
const usageOf = (ticket: string | undefined): string => {
  try {
    return streamUsage.parse(decodeJwt(ticket ?? '')['usage']);
  } catch {
    return 'live';
  }
};

/** RTSP has statuses of its own from 451 on, all of which say: not now. */
const httpStatusOf = (status: number): number => (status > 450 && status < 500 ? 503 : status);
