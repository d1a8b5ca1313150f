import { z } from 'zod';
import { accountRights, type Right } from './rights.js';

const known = z.object({
  name: z.string(),
  /** argon2id in PHC form. */
  hash: z.string(),
  createdAt: z.string(),
});

/** A federation account of this site: what a federation host signs in with. */
export const user = known.extend(accountRights.shape);
export type User = z.infer<typeof user>;

/** Accounts of version 1 keep what they could do. */
const RIGHTS_OF_V1: Right[] = ['live', 'playback'];

/** Version 1 had no rights; it is written as version 2 with the next change. */
export const userFile = z.union([
  z.object({ v: z.literal(2), users: z.array(user) }),
  z.object({ v: z.literal(1), users: z.array(known) }).transform(({ users }) => ({
    v: 2 as const,
    users: users.map((one): User => ({ ...one, allow: [...RIGHTS_OF_V1], level: 1 })),
  })),
]);
