import { randomUUID } from 'node:crypto';

const ACCEPTED = /^[A-Za-z0-9._-]{1,64}$/;

/** The asker's own id where it is harmless in logs and headers, else a new one. */
export const requestIdOf = (given: unknown): string =>
  typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID();
