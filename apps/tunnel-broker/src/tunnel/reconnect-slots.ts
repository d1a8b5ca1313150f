/** Agents that a broker can take in per second without anybody waiting: a TLS handshake costs it a few ms. */
const AGENTS_PER_SECOND = 200;
/** By then a process that replaces this one may listen. */
const REPLACED_AFTER_MS = 500;

/**
 * When each of the agents of a draining broker should dial again, in ms from now: one after the other, so that the next
 * broker is not run over, and all in the first quarter of the deadline.
 */
export const reconnectSlots = (agents: number, deadlineMs: number, hasSuccessor: boolean): number[] => {
  const stepMs = Math.min(1_000 / AGENTS_PER_SECOND, deadlineMs / 4 / Math.max(1, agents));
  const firstMs = hasSuccessor ? 0 : REPLACED_AFTER_MS;
  return Array.from({ length: agents }, (_, index) => Math.round(firstMs + index * stepMs));
};
