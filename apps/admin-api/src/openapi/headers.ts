import type { OpenAPIObject } from '@nestjs/swagger';

type Components = NonNullable<OpenAPIObject['components']>;

const text = (description: string, required = false) => ({
  description,
  required,
  schema: { type: 'string' as const },
});

/** What answers carry. */
export const HEADERS: NonNullable<Components['headers']> = {
  'X-Request-Id': text('of the request: the caller’s own, or a new one', true),
  RateLimit: text('what is left of each quota (`r`) and when it is full again (`t`, seconds)'),
  'RateLimit-Policy': text('the quotas: requests (`q`) in a window (`w`, seconds)'),
  Location: text('where the answer is', true),
  'Retry-After': text('seconds until the same request may be repeated'),
  ETag: text('strong entity tag, for If-Match and If-None-Match', true),
  'Idempotency-Replayed': text('`true` when this is the kept answer of an earlier request'),
  'WWW-Authenticate': text('how to sign in', true),
};

const ALWAYS = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];

export const headerRefs = (names: readonly string[]): Record<string, { $ref: string }> =>
  Object.fromEntries([...ALWAYS, ...names].map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const header = (name: string, description: string, extra: object = {}) => ({
  name,
  in: 'header' as const,
  required: false,
  description,
  schema: { type: 'string' as const, ...extra },
});

/** What requests may carry. */
export const PARAMETERS = {
  IfMatch: header('If-Match', 'ETags: the change is made only while it is one of them, else `precondition-failed`'),
  IfNoneMatch: header('If-None-Match', 'ETags: when it is one of them the answer is 304 without a body'),
  IdempotencyKey: header('Idempotency-Key', 'best a UUID: a repetition within 24 h gives the first answer', {
    minLength: 1,
    maxLength: 202,
  }),
  RequestId: header('X-Request-Id', 'an id of the caller’s; any other form is replaced', {
    pattern: '^[A-Za-z0-9._-]{1,64}$',
  }),
} satisfies Components['parameters'];

export const parameterRef = (name: keyof typeof PARAMETERS): { $ref: string } => ({
  $ref: `#/components/parameters/${name}`,
});
