const IDLE_MS = 60_000;
/** One that goes on is told again. */
const LONGEST_MS = 600_000;
const MOST = 10_000;

interface Use {
  beganAt: number;
  lastAt: number;
}

/** Tells the first command of a use of a camera from those of the same hand that follow: a joystick gives ten a second. */
export class PtzUses {
  private readonly uses = new Map<string, Use>();

  constructor(private readonly now: () => number = Date.now) {}

  /** @returns whether this begins a use, or one that has gone on for long */
  begins(actor: string, entityId: string): boolean {
    const [key, now] = [JSON.stringify([actor, entityId]), this.now()];
    const use = this.uses.get(key);
    const goesOn = use !== undefined && now - use.lastAt < IDLE_MS && now - use.beganAt < LONGEST_MS;
    // The map is in the order of the last command: what is forgotten is what was used longest ago.
    this.uses.delete(key);
    this.uses.set(key, { beganAt: goesOn ? use.beganAt : now, lastAt: now });
    if (this.uses.size > MOST) this.uses.delete(this.uses.keys().next().value ?? '');
    return !goesOn;
  }
}
