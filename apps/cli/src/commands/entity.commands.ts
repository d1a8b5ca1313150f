import { entity as entityShape, type Entity, treeNode, type TreeNode } from '../api/shapes.js';
import type { Field } from '../output/output.js';
import { instant } from '../output/time.js';
import { command } from '../program/command.js';
import { ENTITY_ARGUMENT, findEntity } from './entity-reference.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { findSite } from './site-reference.js';
import { statePaint } from './state-paint.js';

const KINDS = ['camera', 'area', 'door', 'input', 'output', 'zone', 'alarm', 'custom-event', 'unknown'];
const STATES = ['online', 'offline', 'unknown'];

const FIELDS: readonly Field<Entity>[] = [
  { title: 'SITE', whole: true, of: ({ siteLabel }) => siteLabel },
  { title: 'KIND', whole: true, of: ({ kind }) => kind },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'REASON', of: ({ stateReason }) => stateReason ?? '-' },
  { title: 'ID', whole: true, of: ({ id }) => id },
];

const list = command<{ kind?: string; state?: string; search?: string }>({
  path: 'entity list',
  summary: 'what federated sites have, or one of them: cameras, doors, inputs, areas, …',
  args: [{ ...SITE_ARGUMENT, name: '[site]' }],
  options: [
    { flags: '--kind <kind>', summary: 'of this kind alone', complete: KINDS },
    { flags: '--state <state>', summary: 'in this state alone', complete: STATES },
    { flags: '--search <text>', summary: 'part of the name or the remote id', complete: 'none' },
  ],
  examples: ['adit entity list hamburg-sued', 'adit entity list --kind door --state offline'],
  run: async ({ args: [reference], flags: { kind, state, search }, api, out }) => {
    const client = await api();
    const query = {
      ...(reference === undefined ? {} : { siteId: (await findSite(client, reference)).id }),
      ...(kind === undefined ? {} : { kind }),
      ...(state === undefined ? {} : { state }),
      ...(search === undefined ? {} : { q: search }),
    };
    await out.list(client.list(entityShape, '/entities', query), FIELDS, {
      id: ({ id }) => id,
      nothing: 'There is no such entity: they appear once the federation role of their site is connected',
    });
  },
});

const rowsOf = (entity: Entity): [string, string][] => [
  ['Entity', entity.name],
  ['Id', entity.id],
  ['Kind', entity.kind],
  ['Site', entity.siteLabel],
  ['Remote id', entity.remoteId],
  ['State', entity.stateReason ? `${entity.state} (${entity.stateReason})` : entity.state],
  ['Changed', instant(entity.updatedAt)],
  ...(entity.camera ? ([['Camera', abilities(entity.camera)]] as [string, string][]) : []),
  ...(entity.properties ? ([['Properties', JSON.stringify(entity.properties)]] as [string, string][]) : []),
  ...(entity.note ? ([['Note', entity.note]] as [string, string][]) : []),
];

const abilities = ({ ptz, audio }: NonNullable<Entity['camera']>): string =>
  [ptz ? 'PTZ' : 'fixed', audio ? 'with sound' : 'without sound'].join(', ');

const show = command({
  path: 'entity show',
  summary: 'one of them, with what its site says of it and your note',
  args: [ENTITY_ARGUMENT],
  examples: ['adit entity show Gate'],
  run: async ({ args: [reference = ''], api, out }) => {
    const entity = await findEntity(await api(), reference);
    out.one(entity, entity.id, rowsOf(entity));
  },
});

const note = command({
  path: 'entity note',
  summary: 'your note of one of them, which its site does not see; an empty text takes it away',
  args: [ENTITY_ARGUMENT, { name: '<text>', summary: 'up to 4,000 characters', complete: 'none' }],
  examples: ["adit entity note Gate 'Key at the porter’s'", "adit entity note Gate ''"],
  run: async ({ args: [reference = '', text = ''], api, out }) => {
    const client = await api();
    const { id } = await findEntity(client, reference);
    const entity = await client.patch(entityShape, `/entities/${id}`, { note: text === '' ? null : text });
    out.done(entity, text === '' ? `${entity.name} has no note any more` : `${entity.name} has its note`);
  },
});

const below = ({ kind, below: { online, offline, unknown } }: TreeNode): string =>
  kind === 'area' || online + offline + unknown > 0 ? `${online} online, ${offline} offline, ${unknown} unknown` : '-';

const TREE_FIELDS: readonly Field<TreeNode>[] = [
  { title: 'NAME', whole: true, of: ({ name, depth }) => `${'  '.repeat(depth - 1)}${name}` },
  { title: 'KIND', whole: true, of: ({ kind }) => kind },
  { title: 'STATE', whole: true, of: ({ state }) => state, paint: ({ state }) => statePaint(state) },
  { title: 'BELOW', of: below },
];

const tree = command<{ depth?: string }>({
  path: 'entity tree',
  summary: 'the areas of a site and what is in them',
  args: [SITE_ARGUMENT],
  options: [{ flags: '--depth <levels>', summary: 'how deep, 1 to 100', default: '100', complete: 'none' }],
  examples: ['adit entity tree hamburg-sued', 'adit entity tree hamburg-sued --depth 1'],
  run: async ({ args: [reference = ''], flags: { depth = '100' }, api, out }) => {
    const client = await api();
    const { id } = await findSite(client, reference);
    await out.list(client.list(treeNode, `/sites/${id}/tree`, { depth }), TREE_FIELDS, {
      id: (node) => node.id,
      nothing: 'The site has no entities: they appear once its federation role is connected',
    });
  },
});

export const ENTITY_COMMANDS = [list, show, tree, note];
