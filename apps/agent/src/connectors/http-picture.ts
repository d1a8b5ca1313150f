import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { asMediaError, Authorization, MediaError, type Credentials } from '@app/media';

export const MAX_PICTURE_BYTES = 8 << 20;
const TIMEOUT_MS = 8_000;
const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Start of image and of the first segment. */
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

/**
 * Fetches a JPEG from a camera, and from no other host. Rejects with a MediaError: `camera-unreachable`, `camera-timeout`,
 * `camera-unauthorized`, `camera-not-found`, `camera-foreign-host`, else `camera-refused`.
 */
export const fetchPicture = async (
  url: string,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<Buffer> => {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await follow(new URL(url), credentials && new Authorization(credentials), limited);
  } catch (error) {
    if (limited.aborted) throw new MediaError('camera-timeout', 'The camera gave no picture in time');
    throw asMediaError(error, 'camera-unreachable');
  }
};

const follow = async (start: URL, account: Authorization | undefined, signal: AbortSignal): Promise<Buffer> => {
  let url = start;
  for (let redirects = 0; ;) {
    const response = await get(url, account?.header('GET', url.pathname + url.search), signal);
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return await read(response);
    // Nothing of the answer is of interest, and there is a connection for every request.
    response.destroy();
    if (status === 401) {
      const challenge = headers['www-authenticate'];
      if (challenge !== undefined && account?.accept([challenge])) continue;
      throw new MediaError('camera-unauthorized', 'The camera refuses the account');
    }
    if (!REDIRECTS.has(status) || headers.location === undefined) throw refused(status);
    if (++redirects > MAX_REDIRECTS) throw new MediaError('camera-refused', 'The camera redirects again and again');
    account?.confirm();
    url = ownPlace(headers.location, url);
  }
};

/** Another port of the camera is the camera, another host is not. */
const ownPlace = (location: string, from: URL): URL => {
  const to = URL.parse(location, from.href);
  if (to === null || !/^https?:$/.test(to.protocol) || (from.protocol === 'https:' && to.protocol === 'http:')) {
    throw new MediaError('camera-refused', 'The camera redirects to what is no address');
  }
  if (to.hostname !== from.hostname)
    throw new MediaError('camera-foreign-host', 'The camera redirects to another host');
  return to;
};

const refused = (status: number): MediaError =>
  status === 404
    ? new MediaError('camera-not-found', 'The camera has no picture at this address')
    : new MediaError('camera-refused', `The camera answered ${status}`);

const get = (url: URL, authorization: string | undefined, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      Accept: 'image/jpeg',
      Connection: 'close',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    };
    const place = { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port, path: url.pathname + url.search };
    const request = open({ ...place, method: 'GET', headers, signal, agent: false }, (response) => {
      // One that is let go says so.
      response.on('error', () => undefined);
      resolve(response);
    });
    request.once('error', reject);
    request.end();
  });

const read = async (response: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_PICTURE_BYTES) throw new MediaError('camera-refused', 'The picture is larger than 8 MiB');
    chunks.push(chunk);
  }
  const picture = Buffer.concat(chunks);
  if (picture.subarray(0, JPEG.length).equals(JPEG)) return picture;
  throw new MediaError('camera-refused', 'The camera answered with what is no JPEG');
};
