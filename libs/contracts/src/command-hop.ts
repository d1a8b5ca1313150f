/** Where a command was still on its way: to the federation app, to the site, or to the device. */
export const COMMAND_HOPS = ['federation', 'site', 'device'] as const;
export type CommandHop = (typeof COMMAND_HOPS)[number];
