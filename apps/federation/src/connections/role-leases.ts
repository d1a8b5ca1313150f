import { Database, RoleLeaseRepository, type RoleLease } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { REPLICA_ID } from '../relay/replica.js';

export interface LeaseRound {
  /** Roles that this process runs. */
  held: RoleLease[];
  /** How many of them others should have. */
  surplus: number;
}

/** Dead rows are looked for once in so many rounds. */
const FORGET_EVERY = 3_600;

/** What of all roles this process runs. Its own view may be old: the generation of a lease decides at each write. */
@Injectable()
export class RoleLeases {
  private others = 0;
  private rounds = 0;

  constructor(
    @Inject(REPLICA_ID) private readonly replicaId: string,
    private readonly database: Database,
    private readonly leases: RoleLeaseRepository,
  ) {}

  /** Whether other processes lived at the last round. */
  get isShared(): boolean {
    return this.others > 0;
  }

  /** Sign of life, claim, and what is held now: two queries however many roles there are. */
  async round(): Promise<LeaseRound> {
    const forget = this.rounds++ % FORGET_EVERY === 0;
    const { share, alive } = await this.database.inSystem(async (tx) => {
      if (forget) await this.leases.forgetDead(tx);
      return this.leases.claim(tx, this.replicaId);
    });
    this.others = alive - 1;
    const held = await this.database.inSystem((tx) => this.leases.held(tx, this.replicaId));
    return { held, surplus: Math.max(0, held.length - share) };
  }

  /** Their connections are closed. */
  async release(roleIds: readonly string[]): Promise<void> {
    await this.database.inSystem((tx) => this.leases.release(tx, this.replicaId, roleIds));
  }

  async announceLeaving(): Promise<void> {
    await this.database.inSystem((tx) => this.leases.announceLeaving(tx, this.replicaId));
  }

  async leave(): Promise<void> {
    await this.database.inSystem((tx) => this.leases.leave(tx, this.replicaId));
  }
}
