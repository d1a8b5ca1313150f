import type { ControlAnswer, ControlKind, ControlRequest } from '@app/contracts';
import type { LiveSession } from '../tunnel/session-registry.js';

/** One function for each kind of request; a DomainError becomes the refusal that the agent gets. */
export type ControlAnswers = {
  readonly [K in ControlKind]: (live: LiveSession, request: ControlRequest<K>) => Promise<ControlAnswer<K>>;
};

export const CONTROL_ANSWERS = Symbol('CONTROL_ANSWERS');

export const controlAnswers = (now: () => number = Date.now): ControlAnswers => ({
  clock: () => Promise.resolve({ nowMs: now() }),
});
