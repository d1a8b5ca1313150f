import { RtspRefusal } from './status.js';

export interface StreamUrl {
  /** Decoded path without track suffix and trailing slash; `/` for the root. */
  path: string;
  query: URLSearchParams;
  /** From a suffix `/trackID=n`. */
  trackId: number | undefined;
  /** What a client puts control values after: scheme, host and path with a trailing slash, without query. */
  base: string;
}

/**
 * Takes a request URL apart. The track suffix is looked for at the very end,
 * because clients that build URLs by appending put it behind the query.
 */
export function parseStreamUrl(url: string): StreamUrl {
  const suffix = /\/trackID=(\d{1,3})\/?$/i.exec(url);
  const plain = suffix ? url.slice(0, suffix.index) : url;
  if (!/^rtsps?:\/\//i.test(plain) || !URL.canParse(plain)) throw new RtspRefusal(400, 'rtsp-malformed', 'Bad URL');
  const parsed = new URL(plain);
  const path = parsed.pathname.replace(/\/+$/, '') || '/';
  try {
    const base = `${parsed.protocol}//${parsed.host}${path === '/' ? '' : path}/`;
    return {
      path: decodeURIComponent(path),
      query: parsed.searchParams,
      trackId: suffix ? Number(suffix[1]) : undefined,
      base,
    };
  } catch {
    throw new RtspRefusal(400, 'rtsp-malformed', 'Bad URL');
  }
}
