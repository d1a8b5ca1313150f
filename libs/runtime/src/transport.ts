export interface TransportRule {
  /** A proxy that ends TLS is declared; then what it forwarded must have come to it by https. */
  tlsProxy: boolean;
  /** The listener's port is published on its machine's loopback alone. */
  loopbackPublished: boolean;
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Whether what a request carries has travelled over loopback or TLS alone.
 * @param localAddress the socket's own end, which a client cannot choose
 * @param forwardedProto the request's X-Forwarded-Proto
 */
export const isSecureTransport = (
  rule: TransportRule,
  localAddress: string | undefined,
  forwardedProto: string | undefined,
): boolean => {
  if (rule.tlsProxy && forwardedProto !== undefined) return forwardedProto === 'https';
  return rule.loopbackPublished || LOOPBACK.test(localAddress ?? '');
};
