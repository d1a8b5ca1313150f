/** Connections without a place: of an address, or of all addresses of one holder. */
export class Crowd<Visit> {
  /** Oldest first. */
  readonly arriving = new Set<Visit>();
  /** Oldest first. */
  readonly line = new Set<Visit>();

  get waiting(): number {
    return this.arriving.size + this.line.size;
  }
}

/** What one holder may have of addresses, a /48 of IPv6: kept together, so that many of them get no more than one. */
export class Neighbourhood<Visit> extends Crowd<Visit> {
  /** Those with a connection here. */
  addresses = 0;

  constructor(readonly name: string) {
    super();
  }
}
