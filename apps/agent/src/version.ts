/** Told to the broker and shown by `--version`; a spec keeps it equal to package.json. */
export const AGENT_VERSION = '0.1.0';
