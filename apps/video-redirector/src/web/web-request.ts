import type { IncomingMessage } from 'node:http';

/** What a request names: `/<kind>/<site>/<camera>[/<rest>]`, decoded. */
export interface StreamTarget {
  kind: string;
  site: string;
  camera: string;
  rest: string[];
}

/** Undefined for what has no such form. */
export const targetOf = (pathname: string): StreamTarget | undefined => {
  try {
    const [, kind = '', site = '', camera = '', ...rest] = pathname.split('/').map(decodeURIComponent);
    return site === '' || camera === '' ? undefined : { kind, site, camera, rest };
  } catch {
    return undefined;
  }
};

/** The request's address; its origin is of no interest. */
export const urlOf = (request: IncomingMessage): URL | undefined => {
  try {
    return new URL(request.url ?? '/', 'http://redirector');
  } catch {
    return undefined;
  }
};

/** A declared proxy tells the viewer's address as the last one of X-Forwarded-For. */
export const addressOf = (request: IncomingMessage, isProxy: boolean): string => {
  const forwarded = isProxy
    ? String(request.headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : '';
  const address = forwarded || (request.socket.remoteAddress ?? '');
  return address.replace(/^::ffff:(?=\d+\.)/, '');
};

/** The ticket of a request: `Authorization: Bearer`, or the query for players that send no header. */
export const ticketOf = (request: IncomingMessage, url: URL): string | undefined =>
  /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? url.searchParams.get('ticket') ?? undefined;
