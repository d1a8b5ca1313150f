import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { throughIngress } from './operator-ticket.js';
import type { Platform } from './platform.js';

const run = promisify(execFile);

export interface DialAnswer {
  /** Status of the ingress's answer to CONNECT. */
  connect: number;
  /** Its code when it refused. */
  code: string;
}

/** What an operator with a fresh ticket gets who dials `target` (host:port) of a site through the ingress with curl. */
export const operatorDial = async (
  platform: Platform,
  site: string,
  service: string,
  target: string,
): Promise<DialAnswer> => {
  const proxy = await throughIngress(platform, site, service);
  const shown = ['-s', '-D', '-', '-o', '/dev/null', '-w', '\n%{http_connect}', '--max-time', '10'];
  const { stdout } = await run('curl', [...shown, ...proxy, `http://${target}/`]).catch(
    (error: { stdout: string }) => error,
  );
  return { connect: Number(stdout.trim().split('\n').at(-1)), code: /^adit-code: (\S+)/im.exec(stdout)?.[1] ?? '' };
};
