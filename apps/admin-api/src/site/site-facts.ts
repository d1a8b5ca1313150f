import { DomainError, ResourceTag } from '@app/contracts';
import type { SiteFacts, SiteOverview } from '@app/persistence';
import type { NewSite, NewSiteLocation, Site, SiteChanges } from './site.dto.js';
import { MAX_TAGS } from './tags.js';

/** A tunnel that comes up is no operator's change. */
export const siteTag = new ResourceTag<Site>(['tunnel']);

export const newFacts = ({ name, tags = {}, location, notes = null }: NewSite): SiteFacts => ({
  name,
  tags,
  notes,
  ...placeOf(location),
});

/** What the site is after the changes. @throws DomainError `invalid-request` when it would have too many tags */
export const changedFacts = (site: SiteOverview, { name, tags, location, notes }: SiteChanges): SiteFacts => {
  const { address, latitude, longitude } = site;
  return {
    name: name ?? site.name,
    tags: tags ? mergedTags(site.tags, tags) : site.tags,
    notes: notes === undefined ? site.notes : notes,
    ...(location === undefined ? { address, latitude, longitude } : placeOf(location)),
  };
};

/** For the audit: members that were given, notes without their text. */
export const auditedFacts = ({ name, tags, location, notes }: SiteChanges): Record<string, unknown> => ({
  ...(name === undefined ? {} : { name }),
  ...(tags === undefined ? {} : { tags }),
  ...(location === undefined ? {} : { location }),
  ...(notes === undefined ? {} : { notesChanged: true }),
});

type Place = Pick<SiteFacts, 'address' | 'latitude' | 'longitude'>;

const placeOf = (location: NewSiteLocation | null | undefined): Place => ({
  address: location?.address ?? null,
  latitude: location?.latitude ?? null,
  longitude: location?.longitude ?? null,
});

export const locationOf = ({ address, latitude, longitude }: Place): Site['location'] =>
  address === null && latitude === null ? null : { address, latitude, longitude };

const mergedTags = (own: SiteFacts['tags'], changes: Record<string, string | null>): SiteFacts['tags'] => {
  const pairs = Object.entries({ ...own, ...changes }).flatMap(([key, value]) =>
    value === null ? [] : [[key, value]],
  );
  if (pairs.length <= MAX_TAGS) return Object.fromEntries(pairs) as SiteFacts['tags'];
  throw new DomainError('invalid-request', `a site has ${MAX_TAGS} tags at most`, {
    fields: [{ pointer: '/tags', detail: `at most ${MAX_TAGS} with those that it has` }],
  });
};
