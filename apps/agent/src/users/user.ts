import { z } from 'zod';

/** A federation account of this site: what a federation host signs in with. */
export const user = z.object({
  name: z.string(),
  /** argon2id in PHC form. */
  hash: z.string(),
  createdAt: z.string(),
});
export type User = z.infer<typeof user>;

export const userFile = z.object({ v: z.literal(1), users: z.array(user) });
