import type { ApiClient } from '../api/client.js';
import { entity as entityShape, type Entity } from '../api/shapes.js';
import { CliError } from '../errors.js';
import type { ArgumentSpec } from '../program/command.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MOST_NAMED = 5;

export const ENTITY_ARGUMENT: ArgumentSpec = {
  name: '<entity>',
  summary: 'id, or a name or remote id that only one has',
  complete: 'none',
};

/**
 * An entity by id, or by a name or remote id that only one has.
 * @param kind of these alone
 * @throws CliError `entity-unknown`, `name-ambiguous`
 */
export const findEntity = async (api: ApiClient, reference: string, kind?: string): Promise<Entity> => {
  if (UUID.test(reference)) return await api.get(entityShape, `/entities/${reference}`);
  const near = await api.all(entityShape, '/entities', { q: reference, ...(kind === undefined ? {} : { kind }) });
  const exact = near.filter(({ name, remoteId }) => name === reference || remoteId === reference);
  const [found, ...others] = exact.length > 0 ? exact : near.filter(({ name }) => isAlike(name, reference));
  if (found === undefined) {
    throw new CliError(
      'entity-unknown',
      `no ${kind ?? 'entity'} has the id or name ${reference}`,
      `adit entity list${kind === undefined ? '' : ` --kind ${kind}`} shows them all`,
    );
  }
  if (others.length === 0) return found;
  const ids = [found, ...others].slice(0, MOST_NAMED).map(({ id, siteLabel }) => `${id} (${siteLabel})`);
  const rest = others.length >= MOST_NAMED ? ` and ${others.length + 1 - MOST_NAMED} more` : '';
  throw new CliError(
    'name-ambiguous',
    `${others.length + 1} have the name ${reference}`,
    `Say which: ${ids.join(', ')}${rest}`,
  );
};

const isAlike = (name: string, reference: string): boolean => name.toLowerCase() === reference.toLowerCase();
