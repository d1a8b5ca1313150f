import { z } from 'zod';

const when = z.string().nullable();
const number = z.number().nullable();
const text = z.string().nullable();

const verdict = z.looseObject({ state: z.string(), code: z.string(), detail: z.string(), advice: z.string() });

const outage = z.looseObject({
  from: z.string(),
  to: when,
  host: z.looseObject({ reason: text }).nullable(),
  site: z
    .looseObject({
      cause: z.string(),
      restarts: z.number(),
      faults: z.array(z.looseObject({ code: z.string(), endpoint: z.string(), count: z.number() })),
    })
    .nullable(),
});
export type Outage = z.infer<typeof outage>;

/** What `GET /sites/{id}/diagnosis` says, as far as it is shown. */
export const diagnosis = z.looseObject({
  siteId: z.string(),
  at: z.string(),
  verdict,
  further: z.array(verdict),
  host: z.looseObject({
    tunnel: z.string(),
    since: when,
    roundTripMs: number,
    lastEnd: z.looseObject({ at: z.string(), reason: z.string() }).nullable(),
  }),
  roles: z
    .array(z.looseObject({ name: z.string(), state: z.string(), reason: text, since: z.string(), lastContactAt: when }))
    .nullable(),
  site: z.looseObject({ reportedAt: z.string(), agentVersion: z.string(), startedAt: z.string() }).nullable(),
  outages: z.array(outage),
  uplink: z.looseObject({
    limitBitsPerSecond: number,
    capacityBitsPerSecond: number,
    videoBitsPerSecond: z.number(),
  }),
  hops: z.array(z.looseObject({ name: z.string(), ms: number })),
  slowHop: text,
  cameras: z.looseObject({
    online: z.number(),
    offline: z.number(),
    unknown: z.number(),
    troubled: z.array(z.looseObject({ name: z.string(), state: z.string(), reason: text, since: z.string() })),
  }),
});
export type Diagnosis = z.infer<typeof diagnosis>;
