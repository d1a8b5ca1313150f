import { createServer, connect, type AddressInfo } from 'node:net';
import {
  AutomaticFeed,
  ClipSource,
  Hub,
  Line,
  lineDefaults,
  LinkServer,
  LinkSource,
  RenditionControl,
  renditionDefaults,
  RtspServer,
  WatchedFeed,
  type Clip,
  type RenditionOptions,
} from '@app/media';
import { startWanLink, type WanLink } from './wan-link.js';

export interface AdaptivePair {
  /** What a viewer opens. */
  url: string;
  high: Hub;
  low: Hub;
  cloud: Hub;
  /** The same camera once more, over a link of its own. */
  another(): Hub;
  /** The way between the redirectors; pictures go `down` on it, for the cloud dials. */
  line: WanLink;
  close(): Promise<void>;
}

/** Both redirectors with a line between them, and a camera with two resolutions that is watched as `automatic`. */
export const startAdaptivePair = async (
  clips: { high: Clip; low: Clip },
  options: Partial<RenditionOptions> = {},
): Promise<AdaptivePair> => {
  const clip = (name: 'high' | 'low'): Hub => new Hub(new ClipSource(clips[name], { name, framesPerSecond: 25 }));
  const [high, low] = [clip('high'), clip('low')];
  const order = new Line(() => false, { ...lineDefaults, riseSpacingMs: 1_000 });
  const links = new LinkServer(() => {
    const control = new RenditionControl({ ...renditionDefaults, ...options });
    const automatic = new AutomaticFeed({
      high: { usage: 'high-res', hub: high },
      low: { usage: 'low-res', hub: low },
      control,
      switchTimeoutMs: 5_000,
    });
    const released = order.join({ control, automatic });
    return Promise.resolve({ hub: new WatchedFeed(automatic, control), released });
  });
  const listener = createServer({ noDelay: true }, (socket) => void links.handle(socket));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const down = { rateBitsPerS: 0, bufferBytes: 64 << 10, delayMs: 10 };
  const line = await startWanLink({ target: { port: (listener.address() as AddressInfo).port }, down });
  const source = new LinkSource(() => {
    const socket = connect({ port: line.port, host: '127.0.0.1', noDelay: true });
    return Promise.resolve({ socket, request: { path: '/', siteTicket: '', usage: 'automatic' } });
  });
  const cloud = new Hub(source);
  const others: Hub[] = [];
  const another = (): Hub => {
    const hub = new Hub(source);
    others.push(hub);
    return hub;
  };
  const server = new RtspServer(() => Promise.resolve({ hub: cloud }));
  const address = await server.listen(0, '127.0.0.1');
  const close = async (): Promise<void> => {
    await server.close();
    await Promise.all([cloud, ...others].map((hub) => hub.close()));
    links.close();
    await Promise.all([high.close(), low.close()]);
    await line.stop();
    listener.close();
  };
  return { url: `rtsp://127.0.0.1:${address.port}/cam`, high, low, cloud, another, line, close };
};
