import { z } from 'zod';

/** RFC 9562 UUID of any version, lower case. */
export const uuid = z.guid().toLowerCase();
/** RFC 3339 instant in UTC. */
export const instant = z.iso.datetime({ offset: true });
/** ASCII DNS label: the `<site>` of a tunnel address, unique in its tenant and unchanged by renaming. */
export const siteLabel = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'an ASCII label: a–z, 0–9 and inner hyphens');
export const serviceName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a service name: a–z, 0–9, hyphens, at most 32');
/** A person's name for a thing: no control and no bidirectional formatting characters. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Bidi_Control}]*$/u, 'no control or bidirectional formatting characters');
/** `host:port`, host being a DNS name, an IPv4 address or an IPv6 address in brackets. */
export const hostPort = z
  .string()
  .max(300)
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):[0-9]{1,5}$/, 'host:port')
  .refine((value) => Number(value.slice(value.lastIndexOf(':') + 1)) <= 65_535, 'port at most 65535');
/** base64url SHA-256 of a DER SubjectPublicKeyInfo. */
export const spkiPin = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'base64url SHA-256 of the SPKI');
export const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'base64');
export const channelClass = z.enum(['control', 'live', 'events', 'playback', 'bulk']);
export type ChannelClassName = z.infer<typeof channelClass>;
export const streamUsage = z.enum(['live', 'recording', 'remote', 'low-res', 'high-res', 'automatic']);
export type StreamUsage = z.infer<typeof streamUsage>;
/** 1 is the highest level, 254 the lowest. */
export const userLevel = z.int().min(1).max(254);

/** Cursor pagination: `cursor` comes from the page before, `limit` rows at most. */
export const pageRequest = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.int().min(1).max(200).default(50),
});
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** Longest range of a recording that is exported at once. */
export const MAX_EXPORT_MS = 86_400_000;
