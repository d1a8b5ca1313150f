import { PageQuery } from './page.dto.js';
import { OptionalUuid } from './uuid.decorator.js';

/** A page of one site's things, or of all sites'. */
export class SitePageQuery extends PageQuery {
  @OptionalUuid()
  siteId?: string;
}
