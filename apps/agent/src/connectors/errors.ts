/** Stable codes of the site's connectors. Match by code, never by text. */
export type ConnectorErrorCode =
  | 'camera-list-unreadable'
  | 'camera-list-too-large'
  | 'camera-list-not-yaml'
  | 'camera-list-invalid'
  | 'camera-key-lost'
  | 'camera-account-damaged'
  | 'camera-accounts-differ'
  | 'camera-exists'
  | 'camera-unknown';

export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';

  constructor(
    readonly code: ConnectorErrorCode,
    /** For the person who keeps the list: names the place, shows no credential. */
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
