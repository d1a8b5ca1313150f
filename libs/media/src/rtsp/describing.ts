import { parseDescription, type StreamDescription } from '../stream-description.js';
import { assertSameHost, resolveControl } from './control-url.js';
import type { RtspExchange } from './exchange.js';
import type { RtspResponse } from './message.js';

export interface Described {
  /** The Public header of OPTIONS. */
  methods: string;
  /** What PLAY, PAUSE and TEARDOWN name. */
  aggregate: string;
  /** Control values of its tracks are absolute URLs. */
  description: StreamDescription;
}

/** RFC 2326 section 12.37: what counts when a server names no time-out. */
export const defaultSessionMs = 60_000;

/** OPTIONS and DESCRIBE. Rejects with the exchange's errors, `sdp-malformed` or `camera-foreign-host`. */
export async function describeStream(exchange: RtspExchange, url: string): Promise<Described> {
  const options = await exchange.request('OPTIONS', url);
  const methods = options.headers.get('public') ?? '';
  const answer = await exchange.request('DESCRIBE', url, { Accept: 'application/sdp' });
  const base = answer.headers.get('content-base') ?? answer.headers.get('content-location') ?? url;
  const description = parseDescription(answer.body.toString('utf8'));
  const absolute = /^rtsps?:\/\//i.test(base) ? base : url;
  const aggregate = resolveControl(absolute, description.control);
  assertSameHost(aggregate, url);
  for (const track of description.tracks) track.control = resolveControl(absolute, track.control);
  return { methods, aggregate, description };
}

/** Takes over the session of a SETUP. @returns its time-out in milliseconds; undefined when it names none */
export function takeSession(exchange: RtspExchange, answer: RtspResponse): number | undefined {
  const [id, ...parameters] = (answer.headers.get('session') ?? '').split(';').map((part) => part.trim());
  if (id) exchange.session = id;
  const seconds = parameters.map((part) => /^timeout\s*=\s*(\d{1,5})/i.exec(part)?.[1]).find(Boolean);
  return seconds !== undefined && Number(seconds) > 0 ? Number(seconds) * 1000 : undefined;
}
