import type { ServerResponse } from 'node:http';

/** An answer that is no success: RFC 9457 on the wire. */
export interface Failure {
  status: number;
  /** Stable; listed in docs/errors.md. */
  code: string;
  detail: string;
}

export const writeProblem = (response: ServerResponse, { status, code, detail }: Failure, instance: string): void => {
  if (response.headersSent) return void response.destroy();
  const title = `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll('-', ' ')}`;
  const body = JSON.stringify({ type: `urn:adit:error:${code}`, title, status, code, detail, instance });
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="Adit view ticket"');
  if (status === 503) response.setHeader('Retry-After', '5');
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(body);
};
