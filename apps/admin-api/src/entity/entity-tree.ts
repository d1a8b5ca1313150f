import type { EntityPlace } from '@app/persistence';

export interface StateCounts {
  online: number;
  offline: number;
  unknown: number;
}

/** An entity in its place. */
export interface TreeNode {
  place: EntityPlace;
  /** The node that it hangs on; none at the root. */
  parent: TreeNode | undefined;
  /** 1 at the root, or right below where one began. */
  depth: number;
  children: number;
  /** Of all that is below it, areas not counted. */
  below: StateCounts;
}

/**
 * The entities of a site as a tree, each before what is in it, brothers in the order given. What names a parent that is not
 * there stands at the root, and so does the first of those that are in each other: nothing is left out.
 * @param from remote id of the entity to begin below; undefined for the whole site
 */
export const entityTree = (places: readonly EntityPlace[], from?: string): TreeNode[] => {
  const children = childrenOf(places);
  const seen = new Set<EntityPlace>();
  const nodes: TreeNode[] = [];
  const roots = from === undefined ? (children.get(undefined) ?? []) : (children.get(from) ?? []);
  const begin = from === undefined ? undefined : places.find(({ remoteId }) => remoteId === from);
  if (begin) seen.add(begin);
  for (const root of roots) walk(root, children, seen, nodes);
  if (from === undefined) for (const place of places) walk(place, children, seen, nodes);
  for (const node of nodes.toReversed()) count(node);
  return nodes;
};

const childrenOf = (places: readonly EntityPlace[]): Map<string | undefined, EntityPlace[]> => {
  const known = new Set(places.map(({ remoteId }) => remoteId));
  const children = new Map<string | undefined, EntityPlace[]>();
  for (const place of places) {
    const { parentRemoteId } = place;
    const parent = parentRemoteId !== null && known.has(parentRemoteId) ? parentRemoteId : undefined;
    const brothers = children.get(parent);
    if (brothers) brothers.push(place);
    else children.set(parent, [place]);
  }
  return children;
};

/** Without recursion: a site may nest as deep as it has entities. */
const walk = (
  root: EntityPlace,
  children: ReadonlyMap<string | undefined, EntityPlace[]>,
  seen: Set<EntityPlace>,
  nodes: TreeNode[],
): void => {
  const open: { place: EntityPlace; parent: TreeNode | undefined }[] = [{ place: root, parent: undefined }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { place, parent } = next;
    if (seen.has(place)) continue;
    seen.add(place);
    const below = { online: 0, offline: 0, unknown: 0 };
    const node = { place, parent, depth: (parent?.depth ?? 0) + 1, children: 0, below };
    if (parent) parent.children += 1;
    nodes.push(node);
    for (const child of (children.get(place.remoteId) ?? []).toReversed()) open.push({ place: child, parent: node });
  }
};

/** Called for what is below first. */
const count = ({ place, parent, below }: TreeNode): void => {
  if (!parent) return;
  for (const state of ['online', 'offline', 'unknown'] as const) parent.below[state] += below[state];
  if (place.kind !== 'area') parent.below[place.state] += 1;
};
