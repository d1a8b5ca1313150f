import { anything, tunnel as tunnelShape, type Tunnel } from '../api/shapes.js';
import type { Field } from '../output/output.js';
import { relative } from '../output/time.js';
import { command } from '../program/command.js';
import { confirm } from '../program/input.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';

const FIELDS: readonly Field<Tunnel>[] = [
  { title: 'SITE', whole: true, of: ({ siteLabel }) => siteLabel },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'SINCE', whole: true, of: ({ since }) => relative(since) },
  { title: 'FROM', of: ({ remoteAddress }) => remoteAddress },
  { title: 'RTT', whole: true, of: ({ rttMs }) => (rttMs === null ? '-' : `${Math.round(rttMs)} ms`) },
  { title: 'AGENT', of: ({ agentVersion }) => agentVersion },
  { title: 'REASON', of: ({ closeReason }) => closeReason ?? '-' },
];

async function* notUp(tunnels: AsyncIterable<Tunnel>): AsyncGenerator<Tunnel> {
  for await (const tunnel of tunnels) if (tunnel.state !== 'up') yield tunnel;
}

const list = command<{ down?: boolean }>({
  path: 'tunnel list',
  summary: 'the tunnel of every site that has ever connected',
  options: [{ flags: '--down', summary: 'only those that are not up, with the reason' }],
  examples: ['adit tunnel list', 'adit tunnel list --down', 'adit tunnel list --json | jq -r .siteLabel'],
  run: async ({ flags, api, out }) => {
    const tunnels = (await api()).list(tunnelShape, '/tunnels');
    const nothing = flags.down === true ? 'Every site that has ever connected is up.' : 'No site has connected yet.';
    await out.list(flags.down === true ? notUp(tunnels) : tunnels, FIELDS, { id: ({ siteId }) => siteId, nothing });
  },
});

const disconnect = command<{ yes?: boolean }>({
  path: 'tunnel disconnect',
  summary: 'end the tunnel of a site; its agent comes back by itself',
  args: [SITE_ARGUMENT],
  options: [{ flags: '--yes', summary: 'do not ask' }],
  examples: ['adit tunnel disconnect hamburg-sued'],
  run: async (call) => {
    const client = await call.api();
    const site = await findSite(client, call.args[0] ?? '');
    await confirm(`End the tunnel of ${site.name}? Video of it stops until its agent is back.`, call.flags.yes, call);
    const answer = await client.post(anything, `/sites/${site.id}/tunnel/disconnect`);
    const none = answer['ended'] === 0;
    call.out.done(
      answer,
      none ? `${site.name} had no tunnel.` : `The tunnel of ${site.name} is ended; its agent dials again.`,
    );
  },
});

export const TUNNEL_COMMANDS = [list, disconnect];
