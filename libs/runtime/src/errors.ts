/** Exit codes of every app (sysexits.h where one fits); docs/errors.md lists them. */
export const EXIT = { ok: 0, failure: 70, portInUse: 75, configuration: 78 } as const;

/** Stops the start; the message names the key and what is wrong with it, never its value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration';
}

/** A listener's port belongs to somebody else. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
  readonly code = 'port-in-use';

  constructor(
    readonly host: string,
    readonly port: number,
    readonly setting: string,
  ) {
    super(`port ${port} on ${host} is in use: free it or change ${setting}`);
  }
}
