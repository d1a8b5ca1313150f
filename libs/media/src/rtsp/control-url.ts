import { MediaError } from '../errors.js';

/** Base of relative control URLs (RFC 2326 appendix C.1.1). Cameras with a query in the base expect plain appending. */
export function resolveControl(base: string, control: string): string {
  if (control === '' || control === '*') return base;
  if (/^rtsps?:\/\//i.test(control)) return control;
  if (control.startsWith('/')) return /^rtsps?:\/\/[^/]+/i.exec(base)![0] + control;
  return base + (base.endsWith('/') ? '' : '/') + control;
}

/** The URL without user and password, and both, decoded. */
export function splitCredentials(url: string): { url: string; user?: string; password?: string } {
  const match = /^((?:rtsp|http)s?:\/\/)([^/]*)@(.*)$/i.exec(url);
  if (!match) return { url };
  const [user = '', ...password] = match[2].split(':');
  return {
    url: match[1] + match[3],
    user: decoded(user),
    password: decoded(password.join(':')),
  };
}

/** A percent sign that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether both URLs name the same scheme, host and port. */
export function isSameServer(one: string, other: string): boolean {
  const [first, second] = [new URL(one), new URL(other)];
  const portOf = ({ port }: URL): string => port || '554';
  return (
    first.protocol === second.protocol &&
    first.hostname.toLowerCase() === second.hostname.toLowerCase() &&
    portOf(first) === portOf(second)
  );
}

/**
 * Throws `camera-foreign-host` unless `url` names the host of `origin`: a camera must not send us elsewhere;
 * `sdp-malformed` when it would break the request line that it becomes a part of.
 */
export function assertSameHost(url: string, origin: string): void {
  if (/[^\x21-\x7e]/.test(url)) throw new MediaError('sdp-malformed', 'The camera names a URL with blanks in it');
  if (!URL.canParse(url) || new URL(url).hostname.toLowerCase() !== new URL(origin).hostname.toLowerCase()) {
    throw new MediaError('camera-foreign-host', 'The camera names a URL on another host');
  }
}
