import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LossyLine extends AsyncDisposable {
  url: string;
  /** Answers that were lost. */
  lost: () => number;
}

/** A way to an HTTP server that loses the answers to the first creations, after the server has given them. */
export const startLossyLine = async (target: string, losses: number): Promise<LossyLine> => {
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const { url = '/', method = 'GET', headers } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (answer) => {
      if (method === 'POST' && lost < losses) {
        lost += 1;
        answer.resume().once('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lost: () => lost,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
