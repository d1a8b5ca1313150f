import { DomainError } from '@app/contracts';
import { Database, EntityViewRepository, type Page, SiteRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { entityTree, type TreeNode } from './entity-tree.js';
import type { EntityTreeNode, EntityTreeQuery } from './entity-tree.dto.js';
import { decodeTreeCursor, encodeTreeCursor } from './tree-cursor.js';

@Injectable()
export class EntityTreeService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EntityViewRepository) private readonly entities: EntityViewRepository,
    @Inject(SiteRepository) private readonly sites: SiteRepository,
  ) {}

  /**
   * Each before what is in it. While the tree changes between two pages, they may repeat or miss what has moved.
   * @throws DomainError `not-found` for no such site, `entity-not-found` for no such area in it, `invalid-cursor`
   */
  async page(tenantId: string, siteId: string, query: EntityTreeQuery): Promise<Page<EntityTreeNode>> {
    const { limit, cursor, depth } = query;
    const areaId = query.areaId?.toLowerCase();
    const filter = { siteId, areaId, depth };
    const behind = cursor === undefined ? undefined : decodeTreeCursor(cursor, filter);
    const nodes = (await this.tree(tenantId, siteId, areaId)).filter((node) => node.depth <= depth);
    const known = behind === undefined ? -1 : nodes.findIndex(({ place }) => place.id === behind.id);
    const start = known >= 0 ? known + 1 : (behind?.at ?? 0);
    const shown = nodes.slice(start, start + limit);
    const last = start + limit < nodes.length ? shown.at(-1) : undefined;
    return {
      items: shown.map((node) => toNode(node, areaId ?? null)),
      nextCursor: last ? encodeTreeCursor({ id: last.place.id, at: start + limit }, filter) : null,
    };
  }

  private tree(tenantId: string, siteId: string, areaId: string | undefined): Promise<TreeNode[]> {
    return this.database.inTenant(tenantId, async (tx) => {
      const places = await this.entities.places(tx, tenantId, siteId);
      if (places.length === 0 && !(await this.sites.find(tx, tenantId, siteId))) {
        throw new DomainError('not-found', 'there is no such site');
      }
      if (areaId === undefined) return entityTree(places);
      const area = places.find(({ id }) => id === areaId);
      if (area === undefined) throw new DomainError('entity-not-found', 'the site has no such entity');
      return entityTree(places, area.remoteId);
    });
  }
}

const toNode = ({ place, parent, depth, children, below }: TreeNode, rootId: string | null): EntityTreeNode => ({
  id: place.id,
  parentId: parent?.place.id ?? rootId,
  depth,
  kind: place.kind,
  name: place.name,
  state: place.state,
  stateReason: place.stateReason,
  children,
  below,
});
