import { z } from 'zod';

const problem = z.looseObject({
  code: z.string(),
  detail: z.string().default(''),
  correlationId: z.string().optional(),
  errors: z.array(z.looseObject({ pointer: z.string(), detail: z.string() })).default([]),
});
export type Problem = z.infer<typeof problem>;

/** The server's own refusal: an RFC 9457 problem document. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(
    readonly status: number,
    readonly problem: Problem,
    requestId: string | null,
    /** When the same request may succeed. */
    readonly retryAfterMs?: number,
  ) {
    super(`${problem.code}: ${problem.detail}`);
    this.code = problem.code;
    this.requestId = problem.correlationId ?? requestId ?? undefined;
  }
}

/** Undefined for what is no problem document. */
export const readProblem = (text: string): Problem | undefined => {
  try {
    return problem.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
