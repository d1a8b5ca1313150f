/** Viewers as a process of their own, so that what they cost is not the redirector's. */
import { quantile } from '../quantile.mjs';
import { Player } from './player.mjs';
import { SocketPlayer } from './socket-player.mjs';
import { WebRtcPlayer } from './webrtc-player.mjs';

/** Viewers come one after the other, not all in one millisecond. */
const ABREAST = 20;

/** @typedef {'timed' | 'counted' | 'stuck' | 'socket' | 'timed-socket' | 'webrtc'} Kind */

/** @type {Set<Player | SocketPlayer | WebRtcPlayer>} */
const players = new Set();
/** @type {Set<Player>} */
const stuck = new Set();

/** @type {Record<string, (rest: any) => Promise<object>>} */
const COMMANDS = {
  /**
   * `kind`: `timed` looks at every packet, `counted` at bytes after the first picture, `stuck` reads nothing: all by RTSP.
   * `socket` and `timed-socket` are the page's WebSocket, `webrtc` counts bytes.
   */
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
      p99: quantile(delays, 0.99),
      pictures: delays.length,
      max: delays.at(-1) ?? 0,
      gaps: timed.reduce((sum, player) => sum + player.gaps, 0),
      bytes: bytes.reduce((sum, one) => sum + one, 0),
      least: Math.min(...bytes),
    };
  },
  /** Of the one that is `timed`, since it began. */
  jumps: async () => {
    const [player] = [...players].filter((one) => one instanceof Player && !one.isCounting);
    if (!(player instanceof Player)) throw new Error('no viewer is timed');
    const { jumps, pictures, isClosed, isKey } = player;
    return { ...jumps, pictures, isClosed: Number(isClosed), isKey: Number(isKey) };
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
 * @param {Kind} kind
 */
async function open(url, kind) {
  if (kind === 'stuck') return openStuck(url);
  const player = made(url, kind);
  await player.setUp();
  player.play();
  players.add(player);
  const firstMs = await player.untilFirst();
  player.isCounting = !kind.startsWith('timed');
  return firstMs;
}

/** @param {string} url */
async function openStuck(url) {
  const player = new Player(url);
  await player.setUp();
  player.play({ isStuck: true });
  stuck.add(player);
  return 0;
}

/**
 * @param {string} url
 * @param {Kind} kind
 */
function made(url, kind) {
  if (kind === 'webrtc') return new WebRtcPlayer(url);
  return kind.endsWith('socket') ? new SocketPlayer(url) : new Player(url);
}

process.send?.({ type: 'ready' });
process.on('message', ({ id, command, ...rest }) => {
  const answer = (/** @type {object} */ result) => process.send?.({ id, ...result });
  COMMANDS[command](rest).then(answer, (error) => answer({ error: String(error) }));
});
process.on('disconnect', () => process.exit());
