import { MediaError } from '../errors.js';
import { parseDescription, type StreamDescription } from '../stream-description.js';
import { assertSameHost, isSameServer, resolveControl, splitCredentials } from './control-url.js';
import { refusal, type RtspExchange } from './exchange.js';
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

const maxRedirects = 3;

/** OPTIONS and DESCRIBE. Rejects with the exchange's errors, `sdp-malformed` or `camera-foreign-host`. */
export async function describeStream(exchange: RtspExchange, url: string): Promise<Described> {
  const options = await exchange.ask('OPTIONS', url);
  // A camera without OPTIONS says the rest in DESCRIBE; a second try with a refused password may lock its account.
  if (options.status === 401 || options.status === 403) throw refusal('OPTIONS', options);
  const methods = options.headers.get('public') ?? '';
  const { answer, from } = await askDescription(exchange, url);
  const base = answer.headers.get('content-base') ?? answer.headers.get('content-location') ?? from;
  const description = parseDescription(answer.body.toString('utf8'));
  const absolute = /^rtsps?:\/\//i.test(base) ? base : from;
  const aggregate = resolveControl(absolute, description.control);
  assertSameHost(aggregate, url);
  for (const track of description.tracks) track.control = resolveControl(absolute, track.control);
  return { methods, aggregate, description };
}

/** Follows a camera that names another path of its own; never to another host or port, which it could choose at will. */
async function askDescription(exchange: RtspExchange, url: string): Promise<{ answer: RtspResponse; from: string }> {
  let from = url;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await exchange.ask('DESCRIBE', from, { Accept: 'application/sdp' });
    if (answer.status === 200) return { answer, from };
    const location = answer.headers.get('location');
    if (answer.status < 300 || answer.status > 399 || location === undefined) throw refusal('DESCRIBE', answer);
    const next = splitCredentials(resolveControl(from, location)).url;
    assertSameHost(next, url);
    if (!isSameServer(next, url)) throw refusal('DESCRIBE', answer);
    from = next;
  }
  throw new MediaError('camera-refused', `DESCRIBE: the camera redirects more than ${maxRedirects} times`);
}

/** Takes over the session of a SETUP. @returns its time-out in milliseconds; undefined when it names none */
export function takeSession(exchange: RtspExchange, answer: RtspResponse): number | undefined {
  const [id, ...parameters] = (answer.headers.get('session') ?? '').split(';').map((part) => part.trim());
  if (id) exchange.session = id;
  const seconds = parameters.map((part) => /^timeout\s*=\s*"?\s*(\d{1,5})/i.exec(part)?.[1]).find(Boolean);
  return seconds !== undefined && Number(seconds) > 0 ? Number(seconds) * 1000 : undefined;
}
