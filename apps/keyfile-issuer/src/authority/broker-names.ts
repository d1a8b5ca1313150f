import { DomainError } from '@app/contracts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** The names a broker may be certified for: the public endpoints, loopback, and what the deployment lists besides. */
export class BrokerNames {
  /**
   * @param endpoints server names of the public endpoints
   * @param internal names, or `*.<domain>` for any one label below a domain (brokers that are many)
   */
  constructor(
    readonly endpoints: string[],
    private readonly internal: string[],
  ) {}

  /** The names of one certificate: no name at all asks for every endpoint. Raises `forbidden`. */
  resolve(asked: string[]): string[] {
    if (asked.length === 0) return this.endpoints;
    const foreign = asked.filter((name) => !this.isAllowed(name));
    if (foreign.length === 0) return asked;
    const detail = `neither in ADIT_PUBLIC_ENDPOINTS nor in ADIT_BROKER_NAMES: ${foreign.join(', ')}`;
    throw new DomainError('forbidden', detail);
  }

  private isAllowed(name: string): boolean {
    // A pattern admits names; it is none, or one broker's certificate would stand for all.
    if (name.includes('*')) return false;
    const listed = [...this.endpoints, ...LOOPBACK, ...this.internal];
    return listed.includes(name) || this.internal.includes(name.replace(/^[a-z0-9-]+\./, '*.'));
  }
}
