const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'rtsp:': '554', 'http:': '80', 'https:': '443' };

/** Host and port of a URL: what an account is given to. */
export const placeOf = (url: string): string => {
  const { protocol, hostname, port } = new URL(url);
  return `${hostname.toLowerCase()}:${port || (DEFAULT_PORTS[protocol] ?? '')}`;
};
