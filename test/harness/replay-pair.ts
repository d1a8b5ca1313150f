import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import {
  LinkServer,
  ReplayLinkSource,
  RtspServer,
  type ReplaySource,
  type RtspServerOptions,
  type ViewerInfo,
} from '@app/media';

export interface ReplayPair {
  /** Through both redirectors. */
  url: string;
  links: LinkServer;
  server: RtspServer;
  /** Destroys the connections between the redirectors. */
  cutLinks(): void;
  /** Bytes that the site has handed to the link and that nobody has taken yet. */
  backlogBytes(): number;
  close(): Promise<void>;
}

/** Both redirectors in this process, for a recording, with a real TCP connection between them. */
export async function startReplayPair(
  source: ReplaySource,
  options: Partial<RtspServerOptions> = {},
  /** Told what the viewers have not taken, whenever one is looked at. */
  onBacklog: (bytes: number) => void = () => undefined,
): Promise<ReplayPair> {
  const links = new LinkServer(() => Promise.resolve({ replay: source }));
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    void links.handle(socket).then(() => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const link = new ReplayLinkSource(() => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    return Promise.resolve({ socket, request: { path: '/cam', siteTicket: 'valid', usage: 'recording' } });
  });
  const viewers = new Set<ViewerInfo>();
  const server = new RtspServer(() => Promise.resolve({ replay: link }), options, {
    viewerStarted: (viewer) => void viewers.add(viewer),
    viewerStopped: (viewer) => void viewers.delete(viewer),
  });
  const address = await server.listen(0, '127.0.0.1');
  return {
    url: `rtsp://127.0.0.1:${address.port}/site/cam/recording`,
    links,
    server,
    cutLinks: () => sockets.forEach((socket) => socket.destroy()),
    backlogBytes: () => {
      for (const { stats } of viewers) onBacklog(stats.backlogBytes);
      return [...sockets].reduce((sum, socket) => sum + socket.writableLength, 0);
    },
    close: async () => {
      await server.close();
      links.close();
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
