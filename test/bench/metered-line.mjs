/**
 * A line as a process of its own that takes down what comes from the site, below TLS and before queue, rate and delay:
 * `node metered-line.mjs TO LISTEN DELAY-MS BITS-PER-S`, two ports of loopback and both directions of the line.
 */
import { WanLink } from '../../tools/wan-link/link.mjs';
import { happen } from '../../tools/wan-link/script.mjs';

const [, , to, listen, delayMs, rateBitsPerS] = process.argv.map(Number);
const WINDOW_MS = 1_000;

const way = { delayMs, rateBitsPerS };
const link = new WanLink({ target: { port: to }, listen: { port: listen }, up: way, down: way });
/** @type {{ atMs: number, bytes: number }[]} */
const arrived = [];

link.server.on('connection', (socket) => {
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    arrived.push({ atMs: performance.now(), bytes: chunk.length });
  });
});

/** The most that came within any second. */
function most() {
  let [first, sum, greatest] = [0, 0, 0];
  for (const { atMs, bytes } of arrived) {
    sum += bytes;
    for (; arrived[first].atMs <= atMs - WINDOW_MS; first++) sum -= arrived[first].bytes;
    greatest = Math.max(greatest, sum);
  }
  return greatest;
}

/** @type {Record<string, (order: { event?: string }) => object>} */
const COMMANDS = {
  /** Since the start: a second may lie across any two questions. */
  count: () => ({
    bytes: arrived.reduce((sum, one) => sum + one.bytes, 0),
    mostInASecond: most(),
    atMs: performance.now(),
  }),
  happen: ({ event = '' }) => {
    happen(link, event);
    return {};
  },
};

process.on('message', (/** @type {{ id: number, command: string, event?: string }} */ { id, command, ...rest }) => {
  process.send?.({ id, ...COMMANDS[command](rest) });
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready', port: await link.start() });
