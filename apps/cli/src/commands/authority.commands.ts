import { authority as authorityShape, type Authority, missingAgent, type MissingAgent } from '../api/shapes.js';
import type { Field } from '../output/output.js';
import { instant, relative } from '../output/time.js';
import { command } from '../program/command.js';
import { confirm } from '../program/input.js';

/** In the order in which they are taken. */
const ACTIONS = ['prepare', 'publish', 'activate', 'taint', 'retire', 'rollback'] as const;

const NEXT: Readonly<Record<string, string>> = {
  idle: 'To begin a rotation: adit authority rotation prepare',
  prepared: 'Next: adit authority rotation publish',
  published: 'Next, once all agents hold the new list of roots: adit authority rotation activate',
  activated: 'Next: adit authority rotation taint',
  tainted: 'Next, once no agent is missing (adit authority missing): adit authority rotation retire',
};

const QUESTIONS: Readonly<Record<string, string>> = {
  prepare: 'Make the next CAs?',
  publish: 'Let brokers and agents trust the next CAs too?',
  activate: 'Let the next CAs issue?',
  taint: 'Have agents renew what the CAs of before issued?',
  retire: 'End the CAs of before? Their keys are destroyed, there is no way back.',
  rollback: 'Take the last step back?',
};

const rowsOf = ({
  deployment,
  step,
  revision,
  bundleVersion,
  changedAt,
  changedBy,
  ...rest
}: Authority): [string, string][] => [
  ['Deployment', deployment],
  ['Rotation', `${step}, revision ${revision}, since ${instant(changedAt)} by ${changedBy}`],
  ['Roots', `list ${bundleVersion}; held by ${rest.agents.acknowledged} of ${rest.agents.seen} agents seen in 30 days`],
  ['Issuing CA', `${rest.agents.onIssuingCa} of ${rest.agents.seen} agents have their certificate from it`],
  ['Brokers', `${rest.brokers.current} of ${rest.brokers.alive} serve with the newest step`],
  ...rest.certificates.map(({ role, generation, issuing, trusted, notAfter }): [string, string] => [
    `  ${role} ${generation}`,
    `${issuing ? 'issues' : trusted ? 'trusted' : 'not trusted'}, ends ${instant(notAfter)}`,
  ]),
];

const show = command({
  path: 'authority show',
  summary: 'the CAs, and where their rotation is',
  examples: ['adit authority show', 'adit authority show --json | jq -r ".certificates[].pem"'],
  run: async ({ api, out }) => {
    const authority = await (await api()).get(authorityShape, '/authority');
    out.one(authority, authority.step, rowsOf(authority));
    out.note(NEXT[authority.step] ?? '');
  },
});

const FIELDS: readonly Field<MissingAgent>[] = [
  { title: 'SITE', whole: true, of: ({ siteLabel }) => siteLabel },
  { title: 'NAME', of: ({ siteName }) => siteName },
  { title: 'LAST SEEN', whole: true, of: ({ seenAt }) => relative(seenAt) },
  { title: 'ROOTS', of: ({ bundleVersion }) => String(bundleVersion) },
  { title: 'CERTIFICATE', of: ({ otherCa }) => (otherCa ? 'of the other CA' : 'of the issuing CA') },
  { title: 'AGENT', whole: true, of: ({ agentId }) => agentId },
];

const missing = command({
  path: 'authority missing',
  summary: 'agents that the end of the other CAs would cut off',
  examples: ['adit authority missing'],
  run: async ({ api, out }) => {
    const agents = (await api()).list(missingAgent, '/authority/missing-agents');
    await out.list(agents, FIELDS, { id: ({ agentId }) => agentId, nothing: 'No agent is missing.' });
  },
});

const rotation = command<{ yes?: boolean }>({
  path: 'authority rotation',
  summary: 'take the next step of a rotation of the CAs, or the last one back',
  args: [{ name: '<step>', summary: ACTIONS.join(', '), complete: ACTIONS }],
  options: [{ flags: '--yes', summary: 'do not ask' }],
  examples: ['adit authority rotation prepare', 'adit authority rotation rollback'],
  run: async (call) => {
    const [action = ''] = call.args;
    const client = await call.api();
    // The step is for what was seen: one that somebody else takes meanwhile is not taken on top of it.
    const { step, revision } = await client.get(authorityShape, '/authority');
    await confirm(`The rotation is ${step}. ${QUESTIONS[action] ?? ''}`, call.flags.yes, call);
    const path = action === 'prepare' ? '/authority/rotation' : `/authority/rotation/${action}`;
    const authority = await client.post(authorityShape, path, { revision });
    call.out.one(authority, authority.step, rowsOf(authority));
    call.out.note(NEXT[authority.step] ?? '');
  },
});

export const AUTHORITY_COMMANDS = [show, missing, rotation];
