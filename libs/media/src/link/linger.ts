import type { Duplex } from 'node:stream';

const lingerMs = 1000;

/** Destroys a socket: at once, or, when its last words are on their way, once the other side has had time to read them. */
export function linger(socket: Duplex): void {
  if (!socket.writableEnded) {
    socket.destroy();
    return;
  }
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}
