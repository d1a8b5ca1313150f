import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface TestIngress {
  address: string;
  requests: IncomingMessage[];
  close: () => Promise<void>;
}

/** An ingress that answers every CONNECT the same way. */
export const startIngress = async (
  answer: (socket: Socket, request: IncomingMessage) => void,
): Promise<TestIngress> => {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push(request);
    sockets.add(socket);
    socket.on('error', () => undefined);
    answer(socket, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};

export const refuse =
  (status: number, code: string) =>
  (socket: Socket): void => {
    socket.end(`HTTP/1.1 ${status} Refused\r\nAdit-Code: ${code}\r\nContent-Length: 0\r\n\r\n`);
  };
