import type { BearerIdentity } from '@app/persistence';
import type { Request } from 'express';

/** Who asks, and for which request. */
export interface Caller extends BearerIdentity {
  /** As the audit names it. */
  actor: string;
  correlationId: string;
}

/** An Express request on its way through this app's middleware and guards. */
export type ApiRequest = Request & { correlationId: string; caller?: Caller };
