import { Address } from './address.js';
import { neighbourhoodOf } from './balancers.js';
import { Neighbourhood } from './crowd.js';
import type { GateLimits } from './gate-limits.js';

/** The addresses that have connections here, and a bounded memory of others. */
export class AddressBook<Visit> {
  private readonly present = new Map<string, Address<Visit>>();
  private readonly around = new Map<string, Neighbourhood<Visit>>();
  /** Whoever left last is last. Apart, so that strangers, of whom there may be any number, make no agents forgotten. */
  private readonly known = new Map<string, Address<Visit>>();
  private readonly strangers = new Map<string, Address<Visit>>();

  constructor(
    private readonly limits: GateLimits,
    private readonly now: () => number,
  ) {}

  /** Addresses with a connection here. */
  get size(): number {
    return this.present.size;
  }

  get neighbourhoods(): number {
    return this.around.size;
  }

  get rememberedCount(): number {
    return this.known.size + this.strangers.size;
  }

  enter(origin: string): Address<Visit> {
    const here = this.present.get(origin);
    if (here !== undefined) return here;
    const before = this.known.get(origin) ?? this.strangers.get(origin);
    const address = before ?? new Address<Visit>(origin, this.limits, this.now);
    this.known.delete(origin);
    this.strangers.delete(origin);
    this.present.set(origin, address);
    this.settle(address);
    return address;
  }

  /** Its last connection is gone, or has turned out to be somebody else's. */
  leave(address: Address<Visit>): void {
    if (!address.isEmpty) return;
    this.present.delete(address.origin);
    this.unsettle(address);
    if (address.isForgettable) return;
    const memory = address.isKnown ? this.known : this.strangers;
    memory.set(address.origin, address);
    const oldest = memory.keys().next();
    if (memory.size > this.limits.addresses && !oldest.done) memory.delete(oldest.value);
  }

  private settle(address: Address<Visit>): void {
    const name = neighbourhoodOf(address.origin);
    const neighbourhood = this.around.get(name) ?? new Neighbourhood<Visit>(name);
    this.around.set(name, neighbourhood);
    neighbourhood.addresses += 1;
    address.neighbourhood = neighbourhood;
  }

  private unsettle(address: Address<Visit>): void {
    const { neighbourhood } = address;
    if (neighbourhood === undefined) return;
    address.neighbourhood = undefined;
    neighbourhood.addresses -= 1;
    if (neighbourhood.addresses === 0) this.around.delete(neighbourhood.name);
  }
}
