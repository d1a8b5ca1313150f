/** Viewers as a process of their own, so that what they cost is not the redirector's. */
import { quantile } from '../quantile.mjs';
import { Player } from './player.mjs';

/** Viewers come one after the other, not all in one millisecond. */
const ABREAST = 20;

/** @type {Set<Player>} */
const players = new Set();
/** @type {Set<Player>} */
const stuck = new Set();

/** @type {Record<string, (rest: any) => Promise<object>>} */
const COMMANDS = {
  /** `kind`: `timed` looks at every packet, `counted` at bytes after the first picture, `stuck` reads nothing. */
  open: async ({ url, count, kind }) => {
    /** @type {number[]} */
    const firsts = [];
    for (let at = 0; at < count; at += ABREAST) {
      const batch = Array.from({ length: Math.min(ABREAST, count - at) }, () => open(url, kind));
      firsts.push(...(await Promise.all(batch)));
    }
    firsts.sort((a, b) => a - b);
    return { p50: quantile(firsts, 0.5), p95: quantile(firsts, 0.95), max: firsts.at(-1) ?? 0 };
  },
  /** Since the last question. */
  figures: async () => {
    const timed = [...players].filter((player) => !player.isCounting);
    const delays = timed.flatMap((player) => player.delays.splice(0)).sort((a, b) => a - b);
    const bytes = [...players].map((player) => player.bytes);
    for (const player of players) player.bytes = 0;
    return {
      p50: quantile(delays, 0.5),
      p95: quantile(delays, 0.95),
      pictures: delays.length,
      gaps: timed.reduce((sum, player) => sum + player.gaps, 0),
      bytes: bytes.reduce((sum, one) => sum + one, 0),
      least: Math.min(...bytes),
    };
  },
  close: async () => {
    for (const set of [players, stuck]) {
      for (const player of set) player.close();
      set.clear();
    }
    return {};
  },
};

/**
 * @param {string} url
 * @param {'timed' | 'counted' | 'stuck'} kind
 */
async function open(url, kind) {
  const player = new Player(url);
  await player.setUp();
  player.play({ isStuck: kind === 'stuck' });
  if (kind === 'stuck') {
    stuck.add(player);
    return 0;
  }
  players.add(player);
  const firstMs = await player.untilFirst();
  player.isCounting = kind === 'counted';
  return firstMs;
}

process.send?.({ type: 'ready' });
process.on('message', ({ id, command, ...rest }) => {
  const answer = (/** @type {object} */ result) => process.send?.({ id, ...result });
  COMMANDS[command](rest).then(answer, (error) => answer({ error: String(error) }));
});
process.on('disconnect', () => process.exit());
