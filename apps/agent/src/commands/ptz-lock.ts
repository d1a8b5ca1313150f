import type { Commander } from './command.js';

export interface PtzHold extends Commander {
  /** By the clock of the lock, ms. */
  until: number;
}

export interface PtzLockOptions {
  /** Without activity for so long, a camera is free again. */
  idleMs: number;
  /** A lock whose owner gives no command for so long is forgotten. */
  lockMs: number;
  now: () => number;
}

export const ptzLockDefaults: PtzLockOptions = { idleMs: 5_000, lockMs: 3_600_000, now: Date.now };

/** `held`: somebody steers it. `locked`: somebody has locked it. */
export type PtzDecision = { allowed: true } | { allowed: false; why: 'held' | 'locked'; by: PtzHold };

/**
 * Who may steer one camera. Two things are apart: who steers (until he has been still for a while), and who has locked it.
 * Either keeps out everybody else whose level is not higher (a smaller number); the first of equals wins.
 */
export class PtzLock {
  readonly #options: PtzLockOptions;
  #hold: PtzHold | undefined;
  #lock: PtzHold | undefined;

  constructor(options: Partial<PtzLockOptions> = {}) {
    this.#options = { ...ptzLockDefaults, ...options };
  }

  /** Who steers it now. */
  get hold(): PtzHold | undefined {
    return this.#live(this.#hold);
  }

  /** Who has locked it. */
  get lock(): PtzHold | undefined {
    return this.#live(this.#lock);
  }

  /** A command that moves the camera, or stops it. */
  steer(who: Commander): PtzDecision {
    const refusal = this.#refusal(who);
    if (refusal !== undefined) return refusal;
    this.#touch(who);
    return { allowed: true };
  }

  /** Steers and locks; the lock of a lower level is replaced. */
  take(who: Commander): PtzDecision {
    const decision = this.steer(who);
    if (decision.allowed) this.#lock = this.#until(who, this.#options.lockMs);
    return decision;
  }

  /** Its owner unlocks, and so does everybody of an equal or higher level; without a lock there is nothing to refuse. */
  release(who: Commander): PtzDecision {
    const { lock } = this;
    if (lock !== undefined && !isSame(lock, who) && who.level > lock.level)
      return { allowed: false, why: 'locked', by: lock };
    this.#lock = undefined;
    if (this.#hold !== undefined && isSame(this.#hold, who)) this.#hold = undefined;
    return { allowed: true };
  }

  /** He has gone: neither his hand nor his lock keeps out others. */
  forget(who: Commander): void {
    if (this.#hold !== undefined && isSame(this.#hold, who)) this.#hold = undefined;
    if (this.#lock !== undefined && isSame(this.#lock, who)) this.#lock = undefined;
  }

  #refusal(who: Commander): PtzDecision | undefined {
    for (const [why, by] of [
      ['held', this.hold],
      ['locked', this.lock],
    ] as const) {
      if (by !== undefined && !isSame(by, who) && who.level >= by.level) return { allowed: false, why, by };
    }
    return undefined;
  }

  #touch(who: Commander): void {
    this.#hold = this.#until(who, this.#options.idleMs);
    const { lock } = this;
    if (lock !== undefined && isSame(lock, who)) this.#lock = this.#until(lock, this.#options.lockMs);
  }

  #until({ account, user, level }: Commander, ms: number): PtzHold {
    return { account, user, level, until: this.#options.now() + ms };
  }

  #live(hold: PtzHold | undefined): PtzHold | undefined {
    return hold !== undefined && hold.until > this.#options.now() ? hold : undefined;
  }
}

/** Users of two accounts are two, whatever their hosts call them. */
export const isSame = (one: Commander, other: Commander): boolean =>
  one.account === other.account && one.user === other.user;
