import { streamUsage } from '@app/contracts';
import type { Admit, Hub, Refusal, Resolution, ViewerGrant } from '@app/media';
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
  admit: Admit | undefined;
  grant: ViewerGrant | undefined;
}

export interface WebRecording {
  recording: SiteRecording;
  ended: AbortSignal | undefined;
  admit: Admit | undefined;
  grant: ViewerGrant | undefined;
}

const DETAILS: Record<number, string> = {
  401: 'the view ticket is missing, wrong or over: ask for a new one',
  403: 'the view ticket is for another stream or another viewer, or its stream was ended',
  404: 'there is no such stream',
  453: 'all places or all bandwidth of this redirector are in use: try again later',
};

const RECORDING: Failure = {
  status: 501,
  code: 'not-implemented',
  detail: 'recordings play over RTSP and over the WebSocket of the page: this way is for live streams alone',
};

const NOT_RECORDED: Failure = {
  status: 404,
  code: 'recording-not-found',
  detail: 'nothing is recorded of this camera',
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
    const resolution = await this.ask(`/${site}/${camera}/${usageOf(ticket)}`, ticket, remoteAddress, false);
    if ('refuse' in resolution) return failureOf(resolution.refuse);
    if ('replay' in resolution) return recordingOf(resolution) ?? RECORDING;
    const { hub, ended, admit, grant } = resolution;
    return { hub, ended, admit, grant };
  }

  /** What is recorded of a camera; a live stream in its place is none. */
  async recording(
    { site, camera }: StreamTarget,
    ticket: string | undefined,
    remoteAddress: string,
  ): Promise<WebRecording | Failure> {
    const resolution = await this.ask(`/${site}/${camera}/recording`, ticket, remoteAddress, true);
    if ('refuse' in resolution) return failureOf(resolution.refuse);
    return ('replay' in resolution && recordingOf(resolution)) || NOT_RECORDED;
  }

  private ask(
    path: string,
    ticket: string | undefined,
    remoteAddress: string,
    onvifReplay: boolean,
  ): Promise<Resolution> {
    const query = new URLSearchParams(ticket === undefined ? {} : { ticket });
    const from = { method: 'GET', url: path, path, query, remoteAddress, authorization: undefined };
    return this.streams.resolve({ ...from, onvifReplay });
  }
}

const recordingOf = (resolution: Extract<Resolution, { replay: unknown }>): WebRecording | undefined => {
  const { replay: recording, ended, admit, grant } = resolution;
  return recording instanceof SiteRecording ? { recording, ended, admit, grant } : undefined;
};

export const failureOf = ({ status, code, reason }: Refusal): Failure => ({
  status: httpStatusOf(status),
  code,
  detail: code === NOT_RECORDED.code ? NOT_RECORDED.detail : detailOf({ status, reason }),
});

export const detailOf = ({ status, reason }: Pick<Refusal, 'status' | 'reason'>): string => DETAILS[status] ?? reason;

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
