import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AgentError, errnoOf } from '../errors.js';
import { hopName, type ProxyHop } from './proxy.settings.js';
import { opened } from './opened-socket.js';

const HEAD_MAX_BYTES = 8 * 1024;
const HEAD_END = '\r\n\r\n';

/** Asks a proxy for a connection to `target` (`host:port`); the socket comes paused. @throws AgentError `proxy-…`, always naming the proxy */
export const connectThroughProxy = async (
  hop: ProxyHop,
  target: string,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<Socket> => {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  const socket = await reachProxy(hop, signal);
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
    if (hop.authorization !== undefined) lines.push(`Proxy-Authorization: ${hop.authorization}`);
    socket.write(`${lines.join('\r\n')}${HEAD_END}`);
    requireAccepted(await readHead(socket, hop), hop, target);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

const reachProxy = async (hop: ProxyHop, signal: AbortSignal): Promise<Socket> => {
  const { host, port } = hop;
  try {
    return await (hop.tls
      ? opened(connectTls({ host, port, servername: host }), 'secureConnect', signal)
      : opened(connectTcp({ host, port, noDelay: true }), 'connect', signal));
  } catch (cause) {
    const advice = 'Check HTTPS_PROXY, and that this machine may reach the proxy';
    throw new AgentError(
      'proxy-unreachable',
      `The proxy ${hopName(hop)} cannot be reached: ${errnoOf(cause) ?? 'no answer'}`,
      advice,
      { cause },
    );
  }
};

/** The proxy's answer up to the empty line; bytes after it belong to the tunnel and are put back. */
const readHead = (socket: Socket, hop: ProxyHop): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      socket.off('data', onData).off('close', onClose).off('error', onError).pause();
      settle();
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(HEAD_END);
      if (end >= 0) {
        finish(() => {
          const rest = received.subarray(end + HEAD_END.length);
          if (rest.length > 0) socket.unshift(rest);
          resolve(received.subarray(0, end).toString('latin1'));
        });
      } else if (received.length > HEAD_MAX_BYTES) {
        finish(() => reject(broken(hop, 'its answer is not HTTP')));
      }
    };
    const onClose = (): void => finish(() => reject(broken(hop, 'it closed the connection without an answer')));
    const onError = (): void => undefined;
    socket.on('data', onData).once('close', onClose).on('error', onError);
  });

const broken = (hop: ProxyHop, reason: string): AgentError =>
  new AgentError('proxy-refused', `The proxy ${hopName(hop)} did not open the way: ${reason}`);

const requireAccepted = (head: string, hop: ProxyHop, target: string): void => {
  const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]{0,100}))?/.exec(head) ?? [];
  if (status === undefined) throw broken(hop, 'its answer is not HTTP');
  if (status.startsWith('2')) return;
  if (status === '407') {
    throw new AgentError(
      'proxy-auth-required',
      `The proxy ${hopName(hop)} wants a user name and password for ${target}, or refuses those it got`,
      'Put them into HTTPS_PROXY: http://user:password@host:port',
    );
  }
  throw new AgentError(
    'proxy-refused',
    `The proxy ${hopName(hop)} refused CONNECT ${target}: ${status} ${printable(reason)}`.trimEnd(),
    `Ask whoever runs the proxy to allow CONNECT to ${target} (docs/site-firewall.md)`,
  );
};

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
