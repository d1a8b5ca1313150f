import type { SiteEntity } from '../site/entity.js';
import type { SiteDirectory } from '../site/site-directory.js';
import type { AccountRights } from '../users/rights.js';

/** Longest way to the root; a circle ends there. */
const MAX_DEPTH = 64;

type Site = Pick<SiteDirectory, 'find'>;

/** Which entities of the site an account sees: those named, what is in the areas named, and the areas above them. */
export class Sight {
  readonly #cameras: ReadonlySet<string>;
  readonly #areas: ReadonlySet<string>;
  /** Whether there is anything that the account does not see. */
  readonly isLimited: boolean;

  constructor(
    private readonly site: Site,
    { cameras, areas }: Pick<AccountRights, 'cameras' | 'areas'>,
  ) {
    this.isLimited = cameras !== undefined || areas !== undefined;
    this.#cameras = new Set(cameras);
    this.#areas = new Set(areas);
  }

  sees(entity: Pick<SiteEntity, 'remoteId' | 'kind' | 'parentId'>): boolean {
    if (!this.isLimited || this.#cameras.has(entity.remoteId) || this.#areas.has(entity.remoteId)) return true;
    return this.#above(entity.parentId).some((id) => this.#areas.has(id)) || this.#leadsToOne(entity);
  }

  /** Of an id that the site may not have. The empty one is the site itself, which everybody sees. */
  seesId(remoteId: string): boolean {
    if (!this.isLimited || remoteId === '') return true;
    const entity = this.site.find(remoteId);
    return entity !== undefined && this.sees(entity);
  }

  #leadsToOne({ kind, remoteId }: Pick<SiteEntity, 'remoteId' | 'kind'>): boolean {
    if (kind !== 'area') return false;
    return [...this.#cameras, ...this.#areas].some((id) =>
      this.#above(this.site.find(id)?.parentId).includes(remoteId),
    );
  }

  /** Ids from a parent to the root. */
  #above(parentId: string | undefined): string[] {
    const ids: string[] = [];
    for (let id = parentId; id !== undefined && id !== '' && ids.length < MAX_DEPTH; id = this.site.find(id)?.parentId)
      ids.push(id);
    return ids;
  }
}
