import { PortInUseError } from '@app/runtime';
import type { Server } from 'node:net';

/** @throws PortInUseError naming the setting */
export const listenOn = (server: Server, host: string, port: number, setting: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(host, port, setting) : error);
    });
    server.listen({ host, port, backlog: 1_024 }, resolve);
  });
