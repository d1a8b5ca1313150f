/** Timers above 2^31 − 1 ms fire at once, and a suspended machine sleeps longer than it knows: wait in pieces. */
const PIECE_MS = 60 * 60 * 1000;

/** Waits, and resolves early when the signal aborts. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  for (let leftMs = ms; leftMs > 0 && !signal.aborted; leftMs -= PIECE_MS) {
    await piece(Math.min(leftMs, PIECE_MS), signal);
  }
};

const piece = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
