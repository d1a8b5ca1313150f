import { readFileSync } from 'node:fs';
import { ClipSource, Hub, parseClip, RtspServer, type Resolution } from '@app/media';

const framesPerSecond = 25;

/** An RTSP server with one path per clip file, for example `/high`; all viewers of a path see the same moment. */
export class DemoCamera {
  readonly #hubs: Map<string, Hub>;
  readonly #server: RtspServer;

  /** `clips` maps a path to an Annex B file. */
  constructor(clips: Record<string, string | URL>) {
    const open = ([path, file]: [string, string | URL]): [string, Hub] => {
      const clip = parseClip(readFileSync(file));
      return [path, new Hub(new ClipSource(clip, { name: `Demo camera ${path.slice(1)}`, framesPerSecond }))];
    };
    this.#hubs = new Map(Object.entries(clips).map(open));
    this.#server = new RtspServer((request) => Promise.resolve(this.#resolve(request.path)), {
      serverName: 'Adit demo camera',
    });
  }

  /** Resolves with the URLs that can be played. */
  async listen(port: number, bind: string): Promise<string[]> {
    const address = await this.#server.listen(port, bind);
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return [...this.#hubs.keys()].map((path) => `rtsp://${host}:${address.port}${path}`);
  }

  async close(): Promise<void> {
    await this.#server.close();
    await Promise.all([...this.#hubs.values()].map((hub) => hub.close()));
  }

  #resolve(path: string): Resolution {
    const hub = this.#hubs.get(path);
    return hub ? { hub } : { refuse: { status: 404, code: 'camera-not-found', reason: 'No such stream' } };
  }
}
