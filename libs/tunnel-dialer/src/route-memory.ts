import { DialError } from './errors.js';
import type { Route } from './route.js';

/** Sites whose last route is kept; the oldest goes first. */
const MAX_ROUTES = 10_000;

export type FindRoute = (tenantId: string, siteLabel: string) => Promise<Route | null>;

/**
 * Asks for routes and, while they cannot be looked up, answers with the last ones: brokers serve their sessions without
 * the database too.
 */
export class RouteMemory {
  private readonly last = new Map<string, Route>();

  constructor(private readonly find: FindRoute) {}

  /** @throws DialError `site-offline`, or `site-unreachable` when nobody can tell */
  async route(tenantId: string, siteLabel: string): Promise<Route> {
    const key = `${tenantId}/${siteLabel}`;
    const route = await this.find(tenantId, siteLabel).catch((cause: unknown) => {
      const known = this.last.get(key);
      if (known !== undefined) return known;
      throw new DialError('site-unreachable', 'the way to this site cannot be looked up now', { cause });
    });
    this.last.delete(key);
    if (route === null) throw new DialError('site-offline', `no agent of the site ${siteLabel} is connected`);
    this.keep(key, route);
    return route;
  }

  private keep(key: string, route: Route): void {
    this.last.set(key, route);
    const oldest = this.last.keys().next();
    if (this.last.size > MAX_ROUTES && !oldest.done) this.last.delete(oldest.value);
  }
}
