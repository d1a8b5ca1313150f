import { z } from 'zod';
import { defineEvent, defineRequest } from '../message.js';
import { instant, siteLabel, spkiPin, streamUsage, uuid } from '../primitives.js';

/** video-redirector → federation: where to fetch a camera's video. The answer's `siteTicket` opens one stream at the site redirector. */
export const mediaOpen = defineRequest(
  'media.open',
  z.object({
    tenantId: uuid,
    siteLabel,
    /** The `<camera>` of the stream URL. */
    camera: z.string().min(1).max(200),
    usage: streamUsage,
    /** The recordings instead of the live stream; `recording-not-found` when there are none. */
    playback: z.boolean().default(false),
    user: z.string().max(200),
    correlationId: z.string(),
  }),
  z.object({
    /** `redirector.<site>.tunnel.<domain>` or host:port. */
    address: z.string(),
    tlsPin: spkiPin,
    path: z.string(),
    siteTicket: z.string(),
    expiresAt: instant,
    siteId: uuid,
    cameraId: uuid,
    /** What `automatic` was resolved to. */
    usage: streamUsage,
  }),
  10_000,
);

/** Hint: the way to this site changed or was closed; streams that are open go on only if `media.open` allows them again. */
export const mediaMoved = defineEvent('media.moved', z.object({ tenantId: uuid, siteLabel }));
