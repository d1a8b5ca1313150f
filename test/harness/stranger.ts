import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { agentTlsOptions, TUNNEL_ALPN } from '@app/pki';

/** Loopback address of a balancer that the test plays; agents and attackers come from 127.0.0.1. */
export const BALANCER_ADDRESS = '127.0.0.2';

/** A connection as it comes from a balancer: what `first` says goes before everything else. */
export const throughBalancer = async (port: number, first: Buffer): Promise<Socket> => {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: BALANCER_ADDRESS, noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(first);
  return socket;
};

/**
 * Somebody without a certificate who asks for one handshake after the other, so many at once.
 * @returns how many the broker has answered so far, and the end of it
 */
export const startFlood = (
  port: number,
  roots: string[],
  atOnce: number,
): { answered: () => number; stop: () => void } => {
  let [answered, stopped] = [0, false];
  const {
    key: _key,
    cert: _cert,
    ...options
  } = agentTlsOptions({
    ...{ key: '', chain: '', roots },
    serverName: '127.0.0.1',
    alpn: TUNNEL_ALPN,
  });
  const attack = (): void => {
    if (stopped) return;
    const socket = connectTls({ ...options, host: '127.0.0.1', port });
    socket.on('error', () => undefined).once('secureConnect', () => (answered += 1));
    socket.resume().once('close', attack);
  };
  for (let count = 0; count < atOnce; count++) attack();
  return { answered: () => answered, stop: () => void (stopped = true) };
};
