import { createHash } from 'node:crypto';
import { DomainError } from './errors.js';

/** Tags of an If-Match header, or `*` alone; undefined when there is none: then the last writer wins. */
export type IfMatch = readonly string[] | undefined;

/** JSON with the members of every object in the order of their names: equal values give equal text. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  ) ?? 'null';

/**
 * Strong entity tags (RFC 9110, 8.8.3) of one kind of resource: `"<what callers change>.<what is reported>"`. The whole
 * tag changes with every byte of the representation, as If-None-Match needs. If-Match asks for the first part alone: a
 * tunnel that comes up in between is no other caller's change, and does not refuse this one's.
 */
export class ResourceTag<Resource extends object> {
  /** @param reported members that change by themselves, such as states and times of contact */
  constructor(private readonly reported: readonly (keyof Resource & string)[] = []) {}

  of(resource: Resource): string {
    const parts = Object.entries(resource).filter(([, value]) => value !== undefined);
    const isReported = ([name]: [string, unknown]): boolean => (this.reported as readonly string[]).includes(name);
    const own = digest(Object.fromEntries(parts.filter((part) => !isReported(part))));
    return `"${own}.${digest(Object.fromEntries(parts.filter(isReported)))}"`;
  }

  /**
   * To be called in the transaction that changes the resource, with its row locked: between a look and a write another
   * caller's change would fit.
   * @throws DomainError `precondition-failed`
   */
  require(ifMatch: IfMatch, resource: Resource): void {
    if (ifMatch === undefined || ifMatch.includes('*')) return;
    const current = ownPart(this.of(resource));
    if (ifMatch.some((tag) => ownPart(tag) === current)) return;
    throw new DomainError('precondition-failed', 'it has been changed since the If-Match tag was read: read it again');
  }
}

const digest = (value: object): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64url').slice(0, 16);

/** A weak tag keeps its mark, and so equals none. */
const ownPart = (tag: string): string => tag.split('.')[0] ?? '';
