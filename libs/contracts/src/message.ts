import { z } from 'zod';
import { COMMAND_HOPS } from './command-hop.js';

/** A request between two apps: the subject of the transport, what is asked, what is answered. Both ends parse what they receive. */
export interface RequestContract<Req extends z.ZodType = z.ZodType, Res extends z.ZodType = z.ZodType> {
  readonly subject: string;
  readonly request: Req;
  readonly reply: Res;
  /** How long the asker waits. */
  readonly timeoutMs: number;
}

/** A hint to whoever listens; it may be lost, so what must not be lost is in Postgres too. */
export interface EventContract<Body extends z.ZodType = z.ZodType> {
  readonly subject: string;
  readonly body: Body;
}

export const defineRequest = <Req extends z.ZodType, Res extends z.ZodType>(
  subject: string,
  request: Req,
  reply: Res,
  timeoutMs = 5_000,
): RequestContract<Req, Res> => ({ subject, request, reply, timeoutMs });

export const defineEvent = <Body extends z.ZodType>(subject: string, body: Body): EventContract<Body> => ({
  subject,
  body,
});

/** How a failed request crosses the transport. */
export const errorBody = z.object({
  code: z.string(),
  detail: z.string(),
  retryAfterMs: z.number().optional(),
  hop: z.enum(COMMAND_HOPS).optional(),
  fields: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
export type ErrorBody = z.infer<typeof errorBody>;
