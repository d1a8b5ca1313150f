import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Between an agent and its camera: counts how often the camera is pulled. */
export class RtspTap implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#join(socket));
  /** PLAY requests so far; probing asks for none. */
  pulls = 0;

  private constructor(private readonly cameraPort: number) {}

  static async start(cameraPort: number): Promise<RtspTap> {
    const tap = new RtspTap(cameraPort);
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve));
    return tap;
  }

  url(path: string): string {
    return `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(agent: Socket): void {
    const camera = connect({ host: '127.0.0.1', port: this.cameraPort, noDelay: true });
    for (const [one, other] of [
      [agent, camera],
      [camera, agent],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => one.destroy());
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    agent.on('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').startsWith('PLAY ')) this.pulls++;
    });
    agent.pipe(camera);
    camera.pipe(agent);
  }
}
