import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { RtspRequest } from '../src/rtsp/message.js';
import { writeRtp } from '../src/rtp/packet.js';
import { ScriptedCamera, type Script } from './scripted-camera.js';

/** A scripted camera that sends its one track as datagrams, packet by packet as a test wants it to. */
export class DatagramCamera {
  readonly rtsp: ScriptedCamera;
  readonly rtcp: Buffer[] = [];
  readonly #rtp = createSocket('udp4');
  readonly #control = createSocket('udp4');
  /** Where the client said it receives. */
  client: { rtp: number; rtcp: number } | undefined;

  /** `script` goes first; undefined leaves the answer to a camera that knows UDP alone. */
  constructor(script: Script = () => undefined) {
    this.rtsp = new ScriptedCamera((request, camera) => script(request, camera) ?? this.#answer(request));
    this.#control.on('message', (packet) => this.rtcp.push(packet));
  }

  async listen(address = '127.0.0.1'): Promise<string> {
    for (const socket of [this.#rtp, this.#control]) {
      socket.bind(0, address);
      await once(socket, 'listening');
    }
    return this.rtsp.listen();
  }

  /** One packet of H.264; `timestamp` in frames of 25 per second. */
  send(sequence: number, timestamp: number, payload: number[], marker = true, from: Socket = this.#rtp): void {
    const fields = { marker, payloadType: 96, sequence, timestamp: timestamp * 3600, ssrc: 5 };
    from.send(writeRtp(fields, Buffer.from(payload)), this.client!.rtp, '127.0.0.1');
  }

  sendRaw(packet: Buffer): void {
    this.#rtp.send(packet.subarray(0, 1400), this.client!.rtp, '127.0.0.1');
  }

  sendControl(packet: Buffer): void {
    this.#control.send(packet.subarray(0, 1400), this.client!.rtcp, '127.0.0.1');
  }

  async close(): Promise<void> {
    for (const socket of [this.#rtp, this.#control]) socket.close();
    await this.rtsp.close();
  }

  #answer(request: RtspRequest): ReturnType<Script> {
    if (request.method !== 'SETUP') return undefined;
    const transport = request.headers.get('transport') ?? '';
    const ports = /client_port=(\d+)-(\d+)/.exec(transport);
    if (!ports) return { status: 461 };
    this.client = { rtp: Number(ports[1]), rtcp: Number(ports[2]) };
    const server = `${this.#rtp.address().port}-${this.#control.address().port}`;
    return { headers: { Session: 'abc;timeout=60', Transport: `${transport};server_port=${server}` } };
  }
}
