import type { Socket } from 'node:net';

/** Waits until a socket that is being connected says so. Rejects with its error, or with ETIMEDOUT when the signal aborts. */
export const opened = <S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<S> =>
  new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off(event, onOpen).off('close', onClose).off('error', onError);
      // A socket that failed may report once more; with nobody listening that would end the process.
      socket.on('error', () => undefined);
      if (error === undefined) resolve(socket);
      else {
        socket.destroy();
        reject(error);
      }
    };
    const onOpen = (): void => settle();
    const onError = (error: Error): void => settle(error);
    const onClose = (): void => settle(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const onAbort = (): void => settle(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once(event, onOpen).once('close', onClose).once('error', onError);
  });
