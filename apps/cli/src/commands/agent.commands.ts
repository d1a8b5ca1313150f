import type { ApiClient } from '../api/client.js';
import { agent as agentShape, type Agent, certificate as certificateShape, issuedKeyfile } from '../api/shapes.js';
import type { Field } from '../output/output.js';
import { instant, relative } from '../output/time.js';
import { type Call, command, type CommandSpec } from '../program/command.js';
import { confirm, durationSeconds } from '../program/input.js';
import { deliverKeyfile } from './keyfile-delivery.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';

const AGENT = {
  name: '<agent>',
  summary: 'its id, or its site by label: then the one in service',
  complete: 'site',
} as const;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const FIELDS: readonly Field<Agent>[] = [
  { title: 'SITE', whole: true, of: ({ siteLabel }) => siteLabel },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'LAST SEEN', whole: true, of: ({ lastSeenAt }) => relative(lastSeenAt) },
  {
    title: 'CERTIFICATE',
    whole: true,
    of: ({ certificate }) => (certificate ? `ends ${relative(certificate.notAfter)}` : '-'),
  },
  { title: 'VERSION', of: ({ agentVersion }) => agentVersion ?? '-' },
  { title: 'ID', whole: true, of: ({ agentId }) => agentId },
];

/** By id, or the newest of a site that is not revoked; else its newest. */
const findAgent = async (client: ApiClient, reference: string): Promise<Agent> => {
  if (UUID.test(reference)) return client.get(agentShape, `/agents/${reference}`);
  const site = await findSite(client, reference);
  const agents = await client.all(agentShape, '/agents', { siteId: site.id });
  const found = agents.findLast(({ state }) => state !== 'revoked') ?? agents.at(-1);
  // The server says in its own words that there is none.
  return found ?? client.get(agentShape, `/agents/${site.id}`);
};

const rowsOf = (agent: Agent): [string, string][] => [
  ['Agent', agent.agentId],
  ['Site', agent.siteLabel],
  ['State', agent.state],
  ...(agent.lockedAt
    ? ([['Locked', `${instant(agent.lockedAt)}: ${agent.lockReason ?? ''}`]] as [string, string][])
    : []),
  ...(agent.revokedAt ? ([['Revoked', instant(agent.revokedAt)]] as [string, string][]) : []),
  ['Enrolled', instant(agent.createdAt)],
  ['Last seen', instant(agent.lastSeenAt)],
  ['Version', agent.agentVersion ?? '-'],
  ['Clock', typeof agent.clockSkewMs !== 'number' ? '-' : `${agent.clockSkewMs} ms off`],
  [
    'Certificate',
    agent.certificate ? `${agent.certificate.serial}, ends ${instant(agent.certificate.notAfter)}` : 'none',
  ],
];

const list = command<{ state?: string }>({
  path: 'agent list',
  summary: 'the agents of all sites, or of one',
  args: [{ ...SITE_ARGUMENT, name: '[site]' }],
  options: [{ flags: '--state <state>', summary: 'only these', complete: ['pending', 'active', 'locked', 'revoked'] }],
  examples: ['adit agent list', 'adit agent list hamburg-sued', 'adit agent list --state locked'],
  run: async ({ args: [reference], flags: { state }, api, out }) => {
    const client = await api();
    const siteId = reference === undefined ? undefined : (await findSite(client, reference)).id;
    await out.list(client.list(agentShape, '/agents', { siteId, state }), FIELDS, {
      id: ({ agentId }) => agentId,
      nothing: 'There is none: an agent comes of a keyfile, adit keyfile issue SITE',
    });
  },
});

const show = command({
  path: 'agent show',
  summary: 'one agent, and its certificates',
  args: [AGENT],
  examples: ['adit agent show hamburg-sued'],
  run: async ({ args: [reference = ''], api, out }) => {
    const client = await api();
    const agent = await findAgent(client, reference);
    const certificates = out.isJson
      ? []
      : await client.all(certificateShape, `/agents/${agent.agentId}/certificates`, {}, 10);
    const rows = certificates.map(({ generation, state, notBefore, notAfter }): [string, string] => [
      `  no. ${generation}`,
      `${state}, ${instant(notBefore)} to ${instant(notAfter)}`,
    ]);
    out.one(agent, agent.agentId, [...rowsOf(agent), ...rows]);
  },
});

interface OrderFlags {
  reason?: string;
  yes?: boolean;
}

const order = (
  verb: 'revoke' | 'lock' | 'unlock',
  summary: string,
  question: (siteLabel: string) => string,
): CommandSpec =>
  command<OrderFlags>({
    path: `agent ${verb}`,
    summary,
    args: [AGENT],
    options: [
      { flags: '--reason <text>', summary: 'for the audit', complete: 'none' },
      { flags: '--yes', summary: 'do not ask' },
    ],
    examples: [`adit agent ${verb} hamburg-sued --reason 'ticket 4711'`],
    run: async (call: Call<OrderFlags>) => {
      const { reason, yes } = call.flags;
      const client = await call.api();
      const { agentId, siteLabel } = await findAgent(client, call.args[0] ?? '');
      await confirm(question(siteLabel), yes, call);
      const body = reason === undefined ? {} : { reason };
      const agent = await client.post(agentShape, `/agents/${agentId}/${verb}`, body);
      call.out.one(agent, agentId, rowsOf(agent));
    },
  });

const approveReturn = command<{ validFor?: number; output?: string }>({
  path: 'agent approve-return',
  summary: 'a keyfile for an agent whose certificate is over; worth nothing without the key that it has',
  args: [AGENT],
  options: [
    { flags: '--output <file>', summary: 'a file that is not there yet; SITE.keyfile when absent', complete: 'file' },
    {
      flags: '--valid-for <time>',
      summary: '24h when absent, at most 7d',
      parse: durationSeconds('--valid-for'),
      complete: 'none',
    },
  ],
  examples: ['adit agent approve-return hamburg-sued'],
  run: async (call) => {
    const { validFor, output } = call.flags;
    const client = await call.api();
    const { agentId, siteLabel } = await findAgent(client, call.args[0] ?? '');
    const body = validFor === undefined ? {} : { validForSeconds: validFor };
    const path = output ?? `${siteLabel}.keyfile`;
    await deliverKeyfile(call, path, () => client.post(issuedKeyfile, `/agents/${agentId}/approve-return`, body));
  },
});

export const AGENT_COMMANDS = [
  list,
  show,
  order(
    'lock',
    'let an agent in no more until it is unlocked; its tunnel is cut',
    (site) => `Cut off ${site} until it is unlocked?`,
  ),
  order('unlock', 'let a locked agent in again', (site) => `Let ${site} in again?`),
  order(
    'revoke',
    'revoke an agent with its keyfiles and certificates, for good',
    (site) => `Cut off the agent of ${site} for good?`,
  ),
  approveReturn,
];
