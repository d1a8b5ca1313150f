import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import {
  Hub,
  LinkServer,
  LinkSource,
  RtspServer,
  type DatagramOutlets,
  type HubOptions,
  type RtspServerListener,
  type RtspServerOptions,
  type Source,
} from '@app/media';

export interface RedirectorPair {
  /** What a viewer opens. */
  url: string;
  site: Hub;
  cloud: Hub;
  server: RtspServer;
  /** Destroys the connections between the redirectors, as a lost tunnel does. */
  cutLinks(): void;
  close(): Promise<void>;
}

export interface PairOptions {
  site?: Partial<HubOptions>;
  cloud?: Partial<HubOptions>;
  server?: Partial<RtspServerOptions>;
  listener?: RtspServerListener;
  datagrams?: DatagramOutlets;
  /** Where viewers connect to; loopback unless told otherwise. */
  host?: string;
}

/** Both redirectors in this process with a real TCP connection between them. */
export async function startPair(source: Source, options: PairOptions = {}): Promise<RedirectorPair> {
  const site = new Hub(source, options.site);
  const links = new LinkServer(({ siteTicket }) =>
    Promise.resolve(
      siteTicket === 'valid' ? { hub: site } : { refuse: { code: 'ticket-invalid', detail: 'Unknown ticket' } },
    ),
  );
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    void links.handle(socket).then(() => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const link = new LinkSource(() => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    return Promise.resolve({ socket, request: { path: '/cam', siteTicket: 'valid', usage: 'live' } });
  });
  const cloud = new Hub(link, options.cloud);
  const server = new RtspServer(
    ({ path }) =>
      Promise.resolve(
        path === '/cam' ? { hub: cloud } : { refuse: { status: 404, code: 'unknown', reason: 'No such stream' } },
      ),
    options.server,
    options.listener,
    options.datagrams,
  );
  const { host = '127.0.0.1' } = options;
  const address = await server.listen(0, host);
  return {
    url: `rtsp://${host}:${address.port}/cam`,
    site,
    cloud,
    server,
    cutLinks: () => sockets.forEach((socket) => socket.destroy()),
    close: async () => {
      await server.close();
      await cloud.close();
      links.close();
      await site.close();
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
