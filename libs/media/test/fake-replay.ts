import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeBye, writeSenderReport } from '../src/rtp/control-packet.js';
import type { OpenReplay, ReplayRequest, ReplaySink, ReplaySource } from '../src/replay/replay-source.js';
import { parseDescription, type StreamDescription, type Track } from '../src/stream-description.js';
import { ntpOfUs } from '../src/wall-clock.js';

/** Packets of one track. */
export interface RecordedTrack {
  track: Track;
  packets: Buffer[];
}

/** What ffmpeg sends as RTP of one input: another implementation's packets of a real encoder. */
export async function recordTrack(input: string, encoder: readonly string[]): Promise<RecordedTrack> {
  const socket = await bound();
  const packets: Buffer[] = [];
  socket.on('message', (message) => packets.push(message));
  const output = ['-f', 'rtp', `rtp://127.0.0.1:${socket.address().port}?pkt_size=1200`];
  const args = ['-v', 'error', '-f', 'lavfi', '-i', input, ...encoder, ...output];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let sdp = '';
  child.stdout.on('data', (data) => (sdp += String(data)));
  await once(child, 'close');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.close();
  const [track] = parseDescription(sdp.slice(sdp.indexOf('v='))).tracks;
  return { track, packets };
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 << 20);
  return socket;
}

/** A recording of such tracks that begin at the same moment; a sender report goes before each. */
export class FakeReplay implements ReplaySource {
  readonly asked: ReplayRequest[] = [];
  closed = 0;
  readonly #description: StreamDescription;

  constructor(
    readonly tracks: readonly RecordedTrack[],
    readonly startMs: number,
    /** Of the answer to PLAY. */
    readonly status = 200,
  ) {
    const described = tracks.map(({ track }, index) => ({ ...track, index }));
    this.#description = { name: '-', control: '', tracks: described };
  }

  open(sink: ReplaySink): Promise<OpenReplay> {
    return Promise.resolve({
      description: this.#description,
      request: (request, answered) => {
        this.asked.push(request);
        answered({ status: this.status, reason: 'Refused', headers: {}, starts: [] });
        if (this.status === 200) this.#send(sink);
        return Promise.resolve();
      },
      pause: () => undefined,
      resume: () => undefined,
      close: () => {
        this.closed++;
        return Promise.resolve();
      },
    });
  }

  /** Turn about, each track in proportion to its length. */
  #send(sink: ReplaySink): void {
    const queues = this.tracks.map(({ packets }) => [...packets]);
    for (const [index, { packets }] of this.tracks.entries()) {
      const [first] = packets;
      const timestamp = first.readUInt32BE(4);
      const report = { ssrc: first.readUInt32BE(8), ntp: ntpOfUs(this.startMs * 1000), timestamp };
      sink.control(index, writeSenderReport({ ...report, packets: 0, octets: 0 }));
    }
    const steps = 200;
    for (let step = 1; step <= steps; step++) {
      for (const [index, queue] of queues.entries()) {
        const left = Math.round((this.tracks[index].packets.length * (steps - step)) / steps);
        for (const packet of queue.splice(0, queue.length - left)) sink.packets(index, [Buffer.from(packet)]);
      }
    }
    for (const [index, { packets }] of this.tracks.entries()) sink.control(index, writeBye(packets[0].readUInt32BE(8)));
  }
}
