import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Well below the 64 MiB of buffers after which V8 marks the whole heap. */
const COLLECT_EVERY_BYTES = 16 * 1024 * 1024;

type Collect = (options: { type: 'minor' }) => void;

let collect: Collect | undefined;
let isLookedUp = false;
let bytes = 0;

/**
 * Node puts every read into a buffer of its own. V8 counts their bytes and marks the whole heap for each 64 MiB, which
 * with an application's heap costs as much CPU as all the rest; collecting the young generation before that costs
 * next to nothing, as nearly all of them are garbage by then (docs/adr/0012).
 */
export function noteRead(length: number): void {
  bytes += length;
  if (bytes < COLLECT_EVERY_BYTES) return;
  bytes = 0;
  if (!isLookedUp) collect = lookUp();
  collect?.({ type: 'minor' });
}

/**
 * The collector is only exposed on demand; without it everything works, at more CPU. Buffers are given back at once
 * instead of by a thread that a busy machine keeps waiting, so few survivors need no threads, and the heap may double
 * before all of it is marked: a little above its size the buffers of a few milliseconds would do that.
 */
function lookUp(): Collect | undefined {
  isLookedUp = true;
  try {
    setFlagsFromString('--heap-growing-percent=100');
    setFlagsFromString('--no-concurrent-array-buffer-sweeping');
    setFlagsFromString('--no-parallel-scavenge');
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('gc');
    setFlagsFromString('--no-expose-gc');
    return typeof found === 'function' ? (found as Collect) : undefined;
  } catch {
    return undefined;
  }
}
