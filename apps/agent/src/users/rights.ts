import { z } from 'zod';

/** What a federation account may do at this site; that it sees entities needs no right of its own. */
export const RIGHTS = ['live', 'playback', 'events', 'snapshot', 'ptz', 'outputs', 'recording', 'alarms'] as const;
export const right = z.enum(RIGHTS);
export type Right = z.infer<typeof right>;

/** The least that is of use to a host. */
export const DEFAULT_RIGHTS: readonly Right[] = ['live'];

const MAX_NAMED = 1_000;
const remoteIds = z.array(z.string().min(1).max(200)).max(MAX_NAMED);

export const accountRights = z.object({
  allow: z.array(right),
  /** Remote ids of the cameras, and of other entities, that the account sees; without both lists it sees all. */
  cameras: remoteIds.optional(),
  /** Remote ids of areas, with all that is in them. */
  areas: remoteIds.optional(),
  /** Its users command with this level at best; 1 is the highest, 254 the lowest. */
  level: z.int().min(1).max(254).default(1),
});
export type AccountRights = z.infer<typeof accountRights>;

/** A signed-in federation account. */
export interface SiteAccount {
  name: string;
  rights: AccountRights;
  /** Another one when the password or the rights are changed. */
  mark: string;
  /** Another one when the password is changed; of no use for a sign-in. */
  credential: string;
}
