import type { EntityKind, SiteEntity } from '../site/entity.js';
import type { Command } from './command.js';

const KINDS: Partial<Record<Command['kind'], EntityKind>> = { 'set-output': 'output', 'set-recording': 'camera' };

/** Why an entity cannot take a command, a stable code first; undefined when it may. */
export const fitFault = (entity: SiteEntity | undefined, { kind }: Command): string | undefined => {
  // An alarm may be of any entity: its id says which one is meant.
  if (kind === 'acknowledge-alarm') return undefined;
  const wanted = KINDS[kind] ?? 'camera';
  if (entity?.kind !== wanted) return `wrong-kind: this is for an entity of the kind ${wanted}`;
  if (kind.startsWith('ptz-') && entity.ptz !== true) return 'no-ptz: the camera cannot be turned';
  return undefined;
};
