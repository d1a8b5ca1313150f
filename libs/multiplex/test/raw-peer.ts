import type { Duplex } from 'node:stream';
import { FrameDecoder } from '../src/decode.js';
import { encodeFrame } from '../src/encode.js';
import { decodeFields, encodeFields } from '../src/fields.js';
import {
  CLOSE_FIELDS,
  CODE_FIELDS,
  FRAME,
  HELLO_FIELDS,
  MAX_DATA_PAYLOAD_BYTES,
  OPEN_FIELDS,
  WELCOME_FIELDS,
} from '../src/frame.js';
import { HELLO } from './session-pair.js';

export interface RawFrame {
  readonly type: number;
  readonly channel: number;
  readonly offset: number;
  readonly payload: Buffer;
}

export const HELLO_VALUES = {
  minVersion: 1,
  maxVersion: 1,
  features: 0,
  maxDataBytes: 65_536,
  maxChannels: 16,
  lane: 0,
  ...HELLO,
} as const;

export const WELCOME_VALUES = {
  version: 1,
  features: 0,
  maxDataBytes: 65_536,
  maxChannels: 16,
  sessionId: 's-1',
  wallClockMs: 1_000,
} as const;

/** Payload of REFUSE, RESET and STOP. */
export const CODE_X = encodeFields(CODE_FIELDS, { code: 'x' });

/** One end of a connection that says exactly what a test tells it to, right or wrong. */
export class RawPeer {
  readonly frames: RawFrame[] = [];
  /** Frames are counted by type, and kept unless a test says otherwise. */
  readonly counts = new Map<number, number>();
  keep = true;

  constructor(readonly transport: Duplex) {
    const decoder = new FrameDecoder((type, channel, offset, payload) => {
      this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
      if (this.keep) this.frames.push({ type, channel, offset, payload: Buffer.from(payload) });
    });
    decoder.maxDataBytes = MAX_DATA_PAYLOAD_BYTES;
    transport.on('data', (chunk: Buffer) => decoder.push(chunk)).on('error', () => undefined);
  }

  send(type: number, channel: number, offset: number, payload?: Buffer, flags?: number): void {
    this.transport.write(encodeFrame(type, channel, offset, payload, flags));
  }

  hello(values: Partial<Record<keyof typeof HELLO_FIELDS, string | number>> = {}): void {
    this.send(FRAME.HELLO, 0, 0, encodeFields(HELLO_FIELDS, { ...HELLO_VALUES, ...(values as object) }));
  }

  welcome(values: Partial<Record<keyof typeof WELCOME_FIELDS, string | number>> = {}): void {
    this.send(FRAME.WELCOME, 0, 0, encodeFields(WELCOME_FIELDS, { ...WELCOME_VALUES, ...(values as object) }));
  }

  open(channel: number, creditBytes: number): void {
    this.send(FRAME.OPEN, channel, creditBytes, encodeFields(OPEN_FIELDS, { service: 'x', class: 1 }));
  }

  of(type: number): RawFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  count(type: number): number {
    return this.counts.get(type) ?? 0;
  }

  get closeCode(): string | undefined {
    const [close] = this.of(FRAME.CLOSE);
    return close === undefined ? undefined : decodeFields(CLOSE_FIELDS, close.payload).code;
  }
}
