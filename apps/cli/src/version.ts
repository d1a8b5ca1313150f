/** Shown by `--version`; a spec keeps it equal to package.json. */
export const CLI_VERSION = '0.1.0';
