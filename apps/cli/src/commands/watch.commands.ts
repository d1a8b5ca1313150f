import { printable } from '@app/terminal';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api/client.js';
import { tunnel as tunnelShape, type Tunnel } from '../api/shapes.js';
import { TransportError } from '../api/transport.js';
import { localTime } from '../output/time.js';
import { type Call, command } from '../program/command.js';
import { wholeNumber } from '../program/input.js';
import { statePaint } from './state-paint.js';

/** What happened to a site between two looks. */
export interface TunnelChange {
  at: string;
  siteId: string;
  siteLabel: string;
  /** Null at the first look, and for a site that had never connected. */
  from: string | null;
  /** Null once the site is gone. */
  to: string | null;
  reason: string | null;
}

const DEFAULT_SECONDS = 2;

/** Every site that is not as it was: another state, or another session in the same one. */
export const changesBetween = (
  before: ReadonlyMap<string, Tunnel>,
  after: ReadonlyMap<string, Tunnel>,
  at: string,
): TunnelChange[] => {
  const changed = [...after.values()].filter(({ siteId, sessionId, state }) => {
    const old = before.get(siteId);
    return old === undefined || old.state !== state || old.sessionId !== sessionId;
  });
  const gone = [...before.values()].filter(({ siteId }) => !after.has(siteId));
  return [
    ...changed.map(({ siteId, siteLabel, state, closeReason }) => ({
      at,
      siteId,
      siteLabel,
      from: before.get(siteId)?.state ?? null,
      to: state,
      reason: closeReason ?? null,
    })),
    ...gone.map(({ siteId, siteLabel, state }) => ({ at, siteId, siteLabel, from: state, to: null, reason: null })),
  ];
};

const look = async (client: ApiClient): Promise<Map<string, Tunnel>> => {
  const tunnels = new Map<string, Tunnel>();
  for await (const tunnel of client.list(tunnelShape, '/tunnels')) tunnels.set(tunnel.siteId, tunnel);
  return tunnels;
};

const tell = ({ out, terminal }: Pick<Call, 'out' | 'terminal'>, change: TunnelChange): void => {
  if (out.isJson) return out.json(change);
  const { at, siteLabel, from, to, reason } = change;
  const state = to ?? 'gone';
  const again = from === to ? ' (a new session)' : '';
  const why = reason === null || to === 'up' ? '' : `  ${reason}`;
  const painted = terminal.paint(state.padEnd(5), statePaint(state));
  terminal.print(`${localTime(new Date(at))}  ${painted}  ${printable(`${siteLabel}${again}${why}`)}`);
};

const watch = command<{ interval?: number }>({
  path: 'tunnel watch',
  summary: 'say which tunnels come and go, until Ctrl-C',
  options: [
    {
      flags: '--interval <seconds>',
      summary: `between two looks; ${DEFAULT_SECONDS} when absent`,
      parse: wholeNumber('--interval'),
      complete: 'none',
    },
  ],
  examples: ['adit tunnel watch', 'adit tunnel watch --json | while read -r change; do notify "$change"; done'],
  handlesInterrupt: true,
  run: async (call) => {
    const { flags, signal, out } = call;
    const client = await call.api();
    let seen = new Map<string, Tunnel>();
    let isFirst = true;
    let isLost = false;
    while (!signal.aborted) {
      try {
        const now = await look(client);
        if (isLost) out.note('The server answers again.');
        isLost = false;
        for (const change of changesBetween(seen, now, new Date().toISOString())) tell(call, change);
        if (isFirst) out.note(summaryOf(now));
        [seen, isFirst] = [now, false];
      } catch (error) {
        if (signal.aborted) break;
        // A server that restarts does not end a watch; one that was never there does.
        if (isFirst || !(error instanceof TransportError)) throw error;
        if (!isLost) out.note(`${error.message}; watching on`);
        isLost = true;
      }
      await sleep((flags.interval ?? DEFAULT_SECONDS) * 1_000, undefined, { signal }).catch(() => undefined);
    }
  },
});

const summaryOf = (tunnels: ReadonlyMap<string, Tunnel>): string => {
  const up = [...tunnels.values()].filter(({ state }) => state === 'up').length;
  return `${up} of ${tunnels.size} tunnels are up. Watching; Ctrl-C ends it.`;
};

export const WATCH_COMMANDS = [watch];
