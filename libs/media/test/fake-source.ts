import { MediaError } from '../src/errors.js';
import { writeRtp } from '../src/rtp/packet.js';
import type { StreamDescription, Track } from '../src/stream-description.js';
import { nowUs } from '../src/wall-clock.js';
import type { OpenSource, Source, SourceListener } from '../src/source/source.js';

export interface FakeSourceOptions {
  tracks: number;
  /** A unit comes by itself this often; 0 leaves it to the test. */
  everyMs: number;
}

const sps = Buffer.from([0x67, 1, 2, 3]);
const pps = Buffer.from([0x68, 4]);

/** A source that a test drives. Tracks: video H264, then PCMU. Each opening begins with other SSRCs and numbers. */
export class FakeSource implements Source {
  opened = 0;
  closed = 0;
  failWith: MediaError | undefined;
  listener: SourceListener | undefined;
  #sequence = 0;
  #timestamp = 0;
  #count = 0;
  #soundCount = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly options: FakeSourceOptions = { tracks: 1, everyMs: 0 }) {}

  open(listener: SourceListener): Promise<OpenSource> {
    if (this.failWith) return Promise.reject(this.failWith);
    this.opened++;
    this.listener = listener;
    this.#sequence = (this.opened * 20_000 + 65_000) & 0xffff;
    this.#timestamp = this.opened * 1_000_000;
    this.#count = 0;
    if (this.options.everyMs > 0) this.#timer = setInterval(() => this.send(), this.options.everyMs);
    const close = (): Promise<void> => {
      clearInterval(this.#timer);
      this.closed++;
      return Promise.resolve();
    };
    return Promise.resolve({ description: describeFake(this.options.tracks), requestKeyframe: () => undefined, close });
  }

  /** Sends one access unit of `packets` packets; every tenth is a keyframe unless told. */
  send(key: boolean = this.#count % 10 === 0, packets = 2, captureUs = nowUs()): void {
    this.#count++;
    this.#timestamp += 3600;
    const payload = Buffer.from([key ? 0x65 : 0x41, 0x80, this.#count & 0xff]);
    const made = Array.from({ length: packets }, (_, index) =>
      writeRtp(
        {
          marker: index === packets - 1,
          payloadType: 96,
          sequence: this.#sequence++,
          timestamp: this.#timestamp,
          ssrc: this.opened,
        },
        payload,
      ),
    );
    const bytes = made.reduce((sum, packet) => sum + packet.length, 0);
    this.listener?.unit({
      track: 0,
      key,
      discontinuity: false,
      timestamp: this.#timestamp,
      captureUs,
      packets: made,
      bytes,
    });
  }

  /** Sends one packet of the second track. */
  sendSound(captureUs = nowUs()): void {
    this.#soundCount++;
    const timestamp = this.#soundCount * 160;
    const fields = { marker: false, payloadType: 0, sequence: this.#soundCount, timestamp, ssrc: this.opened };
    const packet = writeRtp(fields, Buffer.alloc(8, this.#soundCount));
    const unit = { track: 1, key: true, discontinuity: false, timestamp, captureUs, packets: [packet] };
    this.listener?.unit({ ...unit, bytes: packet.length });
  }

  drop(): void {
    clearInterval(this.#timer);
    this.listener?.ended(new MediaError('camera-closed', 'dropped by the test'));
  }
}

export function describeFake(count: number): StreamDescription {
  const video: Track = {
    index: 0,
    kind: 'video',
    codec: 'H264',
    payloadType: 96,
    clockRate: 90_000,
    control: '',
    parameterSets: [sps, pps],
    lines: [
      'a=rtpmap:96 H264/90000',
      `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sps.toString('base64')},${pps.toString('base64')}`,
    ],
  };
  const audio: Track = {
    ...video,
    index: 1,
    kind: 'audio',
    codec: 'PCMU',
    payloadType: 0,
    clockRate: 8000,
    parameterSets: [],
    lines: [],
  };
  return { name: 'fake', control: '', tracks: [video, audio].slice(0, count) };
}
