/** Injection tokens. */
export const BROKER_ID = Symbol('BROKER_ID');
export const PUBLIC_KEYS = Symbol('PUBLIC_KEYS');
