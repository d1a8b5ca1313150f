/** Injection tokens of what `RuntimeModule` provides everywhere. */
export const CONFIG = Symbol('CONFIG');
export const LOGGER = Symbol('LOGGER');
