import type { Duplex } from 'node:stream';
import type { Channel } from './channel.js';
import { flushSoon, Outbox } from './outbox.js';
import type { SocketReads } from './socket-reads.js';
import { noteRead } from './young-buffers.js';

/** `bytesIn`: from the channel into the socket, `bytesOut`: the other way. `reason`: `finished`, or the code of the reset. */
export interface BridgeEnd {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly reason: string;
}

/** The channel is over: a program that takes none of the last bytes for so long is not waited for any more. */
const LINGER_MS = 300_000;

/**
 * Couples a socket and a channel until both have ended. Half-close passes through in both directions, credit returns
 * when the socket has taken the bytes, a full channel pauses the socket. Never rejects. The socket needs no listeners.
 * @param reads of the socket, when it was opened with them
 */
export function bridge(socket: Duplex, channel: Channel, reads?: SocketReads): Promise<BridgeEnd> {
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
  socket.allowHalfOpen = true;
  let bytesIn = 0;
  let bytesOut = 0;
  intoSocket(socket, channel, (bytes) => {
    bytesIn += bytes;
  });
  const take = (chunk: Buffer): boolean => {
    bytesOut += chunk.length;
    return channel.sendEnded || channel.write(chunk);
  };
  if (reads === undefined) readEvents(socket, take);
  intoChannel(socket, channel);
  reads?.start(take);
  const socketClosed = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  void channel.closed.then(() => {
    if ('setTimeout' in socket && typeof socket.setTimeout === 'function')
      socket.setTimeout(LINGER_MS, () => socket.destroy());
  });
  return Promise.all([channel.closed, socketClosed]).then(([end]) => ({ bytesIn, bytesOut, reason: end.code }));
}

/** What comes in one turn is written at once; what comes while the socket takes that, together behind it. */
function intoSocket(socket: Duplex, channel: Channel, count: (bytes: number) => void): void {
  const outbox = new Outbox(socket, (bytes) => {
    channel.consume(bytes);
    if (socket.writable && socket.writableLength === 0) outbox.flush();
  });
  channel.onData = (chunk) => {
    count(chunk.length);
    if (!socket.writable) {
      channel.consume(chunk.length);
      return;
    }
    outbox.append(chunk);
    if (socket.writableLength === 0) flushSoon(outbox);
  };
  channel.onFin = () => {
    outbox.flush();
    socket.end();
  };
  channel.onReset = () => {
    // After FIN the socket has its last bytes and still has to write them; only its other direction was cut.
    if (socket.writableEnded && !socket.writableFinished) socket.once('finish', () => socket.destroy());
    else if ('resetAndDestroy' in socket && typeof socket.resetAndDestroy === 'function') socket.resetAndDestroy();
    else socket.destroy();
  };
}

function readEvents(socket: Duplex, take: (chunk: Buffer) => boolean): void {
  socket.on('data', (chunk: Buffer) => {
    noteRead(chunk.length);
    if (!take(chunk)) socket.pause();
  });
}

function intoChannel(socket: Duplex, channel: Channel): void {
  channel.onDrain = () => socket.resume();
  socket.on('end', () => channel.end());
  if (socket.readableEnded) channel.end();
  else socket.resume();
  // A program that answers and closes, without reading on, fails our next write: its answer still goes out.
  const cut = (code: string): void => {
    if (channel.sendEnded) channel.end(() => channel.reset(code));
    else channel.reset(code);
  };
  socket.on('error', () => cut('socket-error'));
  socket.on('close', () => {
    if (!channel.sendEnded || !channel.receiveEnded) cut('socket-closed');
  });
  if (socket.destroyed) cut('socket-closed');
}
