import { connectionFault, instant, siteOutage, uuid } from '@app/contracts';
import { z } from 'zod';

/** A time without a tunnel as it is kept; `to` is null while it lasts. */
export const keptOutage = siteOutage.extend({ to: instant.nullable() });
export type KeptOutage = z.infer<typeof keptOutage>;

/** What a process says of itself. Without a `stopped` after it, that process died. */
const running = z.strictObject({ kind: z.literal('running'), at: instant, siteId: z.string().max(100) });
const stopped = z.strictObject({ kind: z.literal('stopped'), at: instant });
/** The whole of an outage as it was then: of several with one id the last holds. */
const outage = z.strictObject({ kind: z.literal('outage'), outage: keptOutage });
/** It was not worth a place after all. */
const dropped = z.strictObject({ kind: z.literal('dropped'), id: uuid });
/** The broker has answered for these. */
const sent = z.strictObject({ kind: z.literal('sent'), ids: z.array(uuid).max(1_000) });

/** One line of the record's file. */
export const recordEntry = z.discriminatedUnion('kind', [running, stopped, outage, dropped, sent]);
export type RecordEntry = z.infer<typeof recordEntry>;

export type Fault = z.infer<typeof connectionFault>;
