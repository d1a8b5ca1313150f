import type { BearerIdentity } from '@app/persistence';
import type { Request } from 'express';
import type { Permission } from '../access/permission.js';

/** What proved who asks. */
export type Credential = 'bearer' | 'cookie' | 'api-token';

/** Who asks, and for which request. */
export interface Caller extends BearerIdentity {
  /** As the audit names it: `operator:<name>`, for an API token with `/api-token:<id>` behind. */
  actor: string;
  correlationId: string;
  via: Credential;
  /** By the operator's roles as they are now; an API token has no more than its scopes. */
  permissions: ReadonlySet<Permission>;
  /** Only with `cookie`: what unsafe requests of this session repeat in `X-CSRF-Token`. */
  csrfToken?: string;
}

/** An Express request on its way through this app's middleware and guards. */
export type ApiRequest = Request & { correlationId: string; caller?: Caller };
