/**
 * What the ends of a measured connection say. The client's first byte chooses; everything else is payload.
 * @typedef {import('node:net').Socket} Socket
 * @typedef {'source' | 'sink' | 'echo' | 'video'} Mode what the site does
 */

/** @type {Record<Mode, number>} */
export const MODE_BYTE = { source: 0x73, sink: 0x6b, echo: 0x65, video: 0x76 };

const POUR_BYTES = 256 * 1024;
const POURED = Buffer.alloc(POUR_BYTES, 0x2e);

/** 4 Mbit/s: a picture of 20 kB, 25 times a second. */
export const FRAME_BYTES = 20_000;
export const FRAME_MS = 40;
/** Of the time when it was due, ns of the machine's steady clock, which all its processes share. */
const STAMP_BYTES = 8;
/** More in front of a socket than this: the camera would drop pictures. */
const FRAME_BACKLOG_BYTES = 1024 * 1024;

/**
 * Writes without end.
 * @param {Socket} socket
 */
export function pour(socket) {
  const more = () => {
    while (!socket.destroyed && socket.writable && socket.write(POURED));
  };
  socket.on('drain', more);
  more();
}

/** Pictures for many sockets, evenly spread over their interval. */
export class FrameSource {
  constructor() {
    /** @type {{ socket: Socket, dueNs: bigint }[]} */
    this.cameras = [];
    this.dropped = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
  }

  /** @param {Socket} socket */
  add(socket) {
    // The golden ratio spreads any number of cameras evenly.
    const phaseMs = ((this.cameras.length * 0.618_034) % 1) * FRAME_MS;
    this.cameras.push({ socket, dueNs: process.hrtime.bigint() + nsOf(phaseMs) });
    this.timer ??= setInterval(() => this.send(), 1);
  }

  send() {
    const now = process.hrtime.bigint();
    this.cameras = this.cameras.filter(({ socket }) => !socket.destroyed);
    for (const camera of this.cameras) {
      while (camera.dueNs <= now) {
        this.frame(camera.socket, camera.dueNs);
        camera.dueNs += nsOf(FRAME_MS);
      }
    }
    if (this.cameras.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /**
   * @param {Socket} socket
   * @param {bigint} dueNs
   */
  frame(socket, dueNs) {
    if (socket.writableLength > FRAME_BACKLOG_BYTES) {
      this.dropped++;
      return;
    }
    const frame = Buffer.allocUnsafe(FRAME_BYTES);
    frame.writeBigUInt64BE(dueNs);
    socket.write(frame);
  }
}

/** Delays of pictures from when each was due until its last byte is here. */
export class FrameSink {
  constructor() {
    /** @type {number[]} ms */
    this.delays = [];
  }

  /** @param {Socket} socket */
  add(socket) {
    const stamp = Buffer.alloc(STAMP_BYTES);
    let at = 0;
    socket.on('data', (chunk) => {
      for (let taken = 0; taken < chunk.length;) {
        const length = Math.min(chunk.length - taken, FRAME_BYTES - at);
        if (at < STAMP_BYTES) chunk.copy(stamp, at, taken, taken + Math.min(length, STAMP_BYTES - at));
        taken += length;
        at += length;
        if (at < FRAME_BYTES) continue;
        at = 0;
        this.delays.push(Number(process.hrtime.bigint() - stamp.readBigUInt64BE()) / 1e6);
      }
    });
  }

  /** Of the pictures since the last call. */
  take() {
    const sorted = Float64Array.from(this.delays).sort();
    this.delays = [];
    return { ...spread(sorted), late: sorted.filter((delay) => delay > FRAME_MS).length };
  }
}

/**
 * @param {Float64Array} sorted ms
 * @returns {{ count: number, p50: number, p99: number, max: number }}
 */
export function spread(sorted) {
  const at = (/** @type {number} */ share) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** @param {number} ms */
function nsOf(ms) {
  return BigInt(Math.round(ms * 1e6));
}
