import { DomainError, type authorityRotate, type RotationAction } from '@app/contracts';
import { DEFAULT_TENANT_ID, type Database, type Transaction } from '@app/persistence';
import { crossSign, signTrustBundle, type CaTree } from '@app/pki';
import type { AppLogger } from '@app/runtime';
import type { z } from 'zod';
import { AuthorityRepository, type StepChange } from './authority.repository.js';
import { signing } from './authority.service.js';
import { pemOf, type AuthorityRow, type AuthoritySnapshot } from './authority.snapshot.js';
import { rowOf, type AuthorityState } from './authority.state.js';
import { FleetRepository } from './fleet.repository.js';
import { stepAfter } from './rotation.table.js';

type RotateRequest = z.output<typeof authorityRotate.request>;

/** Channel of the notification that is sent when a step commits; the payload is the new revision. */
export const AUTHORITY_CHANNEL = 'authority';
const NAMED = 5;

/** One step, decided: what is written in its transaction, after everything slow was done. */
interface Plan {
  change: Omit<StepChange, 'by'>;
  /** What must hold, and what else is written; the compare-and-set follows. */
  write: (tx: Transaction) => Promise<void>;
}

/**
 * The rotation of the CAs, a step at a time. Keys are made and lists are signed before the transaction, so that a crash
 * leaves nothing but keys that the next attempt goes on with; the transaction checks whom the step would cut off, and
 * takes the step with a compare-and-set.
 */
export class RotationService {
  /** One after the other in this process: two must not make the keys of one tree. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly state: AuthorityState,
    private readonly database: Database,
    private readonly logger: AppLogger,
    private readonly rows = new AuthorityRepository(),
    private readonly fleet = new FleetRepository(),
  ) {}

  /** @throws DomainError `rotation-…`, `unavailable` */
  rotate(request: RotateRequest): Promise<AuthoritySnapshot> {
    const turn = this.queue.then(() => this.take(request));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async take(request: RotateRequest): Promise<AuthoritySnapshot> {
    const seen = await this.state.refresh();
    try {
      await this.step(seen, request);
    } catch (error) {
      if (error instanceof DomainError && error.status === 409) await this.auditRefusal(seen.row, request, error);
      throw error;
    }
    const snapshot = await this.state.refresh();
    await this.state.removeEnded();
    const { step, revision } = snapshot.row;
    this.logger.warn({ action: request.action, step, revision, actor: request.actor }, 'the CAs were rotated a step');
    return snapshot;
  }

  private async step(
    seen: AuthoritySnapshot,
    { action, revision, actor, correlationId }: RotateRequest,
  ): Promise<void> {
    if (revision !== undefined && revision !== seen.row.revision) throw overtaken(seen.row);
    const to = stepAfter(action, seen.row.step);
    if (action !== 'rollback') await this.requireNoRecovery();
    const { change, write } = await this.plan(seen, action);
    await this.database.inSystem(async (tx) => {
      await write(tx);
      if (!(await this.rows.advance(tx, seen.row, { ...change, step: to, by: actor }))) throw overtaken(seen.row);
      const details = { from: seen.row.step, to, ...change, correlationId };
      const subject = String(seen.row.revision + 1);
      await tx.audit(DEFAULT_TENANT_ID, { actor, action: `authority.rotation-${action}`, subject, details });
      await tx.notify(AUTHORITY_CHANNEL, subject);
    });
  }

  private plan(seen: AuthoritySnapshot, action: RotationAction): Promise<Plan> {
    switch (action) {
      case 'prepare':
        return this.prepare(seen);
      case 'publish':
        return this.publish(seen);
      case 'activate':
        return Promise.resolve(this.activate(seen));
      case 'taint':
        return Promise.resolve({ change: unchanged(seen), write: nothing });
      case 'retire':
        return this.retire(seen);
      case 'rollback':
        return this.rollback(seen);
    }
  }

  private async prepare(seen: AuthoritySnapshot): Promise<Plan> {
    const newest = await this.database.inSystem((tx) => this.rows.newestGeneration(tx));
    const tree = await signing(this.state.makeTree(newest + 1));
    const cross = await signing(crossSign(tree, seen.current, await this.database.now()));
    return {
      change: { ...unchanged(seen), nextGeneration: tree.generation },
      write: (tx) => this.rows.addGeneration(tx, rowOf(tree, cross)),
    };
  }

  private async publish(seen: AuthoritySnapshot): Promise<Plan> {
    const both = [seen.current, nextOf(seen)];
    return this.withBundle(seen, both, both, unchanged(seen));
  }

  private activate(seen: AuthoritySnapshot): Plan {
    const begins = nextOf(seen).generation;
    return {
      change: unchanged(seen),
      write: async (tx) => {
        await this.requireBrokers(tx, seen.row);
        await this.rows.noteIssuing(tx, { begins, ends: seen.row.currentGeneration });
      },
    };
  }

  private async retire(seen: AuthoritySnapshot): Promise<Plan> {
    const next = nextOf(seen);
    const change = { ...unchanged(seen), currentGeneration: next.generation, nextGeneration: null };
    const plan = await this.withBundle(seen, [next], [seen.current, next], change);
    return {
      change: plan.change,
      write: async (tx) => {
        await this.requireBrokers(tx, seen.row);
        await this.requireNobodyOn(tx, seen, seen.current, next);
        await plan.write(tx);
        await this.rows.endGeneration(tx, seen.current.generation);
      },
    };
  }

  private async rollback(seen: AuthoritySnapshot): Promise<Plan> {
    const next = nextOf(seen);
    const { step } = seen.row;
    if (step === 'tainted') return { change: unchanged(seen), write: nothing };
    if (step === 'activated') {
      const issuing = { begins: seen.current.generation, ends: next.generation };
      return { change: unchanged(seen), write: (tx) => this.rows.noteIssuing(tx, issuing) };
    }
    const change = { ...unchanged(seen), nextGeneration: null };
    const end = (tx: Transaction): Promise<void> => this.rows.endGeneration(tx, next.generation);
    if (step === 'prepared') return { change, write: end };
    const plan = await this.withBundle(seen, [seen.current], [seen.current], change);
    return {
      change: plan.change,
      write: async (tx) => {
        await this.requireNobodyOn(tx, seen, next, seen.current);
        await plan.write(tx);
        await end(tx);
      },
    };
  }

  /** The next version of the list of roots, signed by everybody whom somebody may trust alone. */
  private async withBundle(
    seen: AuthoritySnapshot,
    trusted: CaTree[],
    by: CaTree[],
    change: Omit<StepChange, 'by' | 'step'>,
  ): Promise<Plan> {
    const bundleVersion = seen.row.bundleVersion + 1;
    const { deployment } = seen.current;
    const roots = trusted.map((tree) => tree.root.certificate);
    const statement = { deployment, bundleVersion, issuedAt: await this.database.now(), roots };
    const signers = by.map((tree) => tree.root);
    const bundle = await signing(signTrustBundle(statement, signers));
    return {
      change: { ...change, step: seen.row.step, bundleVersion },
      write: (tx) => this.rows.addBundle(tx, bundleVersion, bundle),
    };
  }

  /** Whoever has a key of the CAs that leave could have anything put on record meanwhile. */
  private async requireNoRecovery(): Promise<void> {
    if (!(await this.database.inSystem((tx) => this.rows.isRecovering(tx)))) return;
    throw new DomainError(
      'rotation-recovery-open',
      'a restore is still completed from what agents hold: close the recovery',
    );
  }

  /** A broker that has not read the last step would refuse what the next one issues. */
  private async requireBrokers(tx: Transaction, { revision }: AuthorityRow): Promise<void> {
    const { alive, current } = await this.fleet.countBrokers(tx, revision);
    if (current === alive) return;
    const detail = `${alive - current} of ${alive} brokers do not serve with the present step yet`;
    throw new DomainError('rotation-brokers-behind', detail, { retryAfterMs: 5_000 });
  }

  /** Agents that live by the tree that goes, or do not know the roots that stay; and keyfiles that go with it. */
  private async requireNobodyOn(
    tx: Transaction,
    { row }: AuthoritySnapshot,
    goes: CaTree,
    stays: CaTree,
  ): Promise<void> {
    const target = {
      // A list of before is enough for who knows the root that stays: that is everybody when it was there first.
      bundleVersion: stays.generation > goes.generation ? row.bundleVersion : 1,
      agentCa: pemOf(stays.agentCa),
    };
    const { items, nextCursor } = await this.fleet.missing(tx, target, { limit: NAMED });
    if (items.length > 0) {
      const names = items.map(({ siteLabel }) => siteLabel).join(', ');
      const detail = `agents of these sites would be cut off: ${names}${nextCursor === null ? '' : ' and others'}`;
      throw new DomainError('rotation-agents-missing', detail);
    }
    const keyfiles = await this.fleet.countKeyfiles(tx, goes.generation);
    if (keyfiles === 0) return;
    const detail = `${keyfiles} keyfiles that were not used yet would end: wait, or revoke them`;
    throw new DomainError('rotation-keyfiles-open', detail);
  }

  private async auditRefusal(row: AuthorityRow, request: RotateRequest, { code }: DomainError): Promise<void> {
    const { action, actor, correlationId } = request;
    const details = { action, step: row.step, code, correlationId };
    const entry = { actor, action: 'authority.rotation-refused', subject: String(row.revision), details };
    await this.database.inSystem((tx) => tx.audit(DEFAULT_TENANT_ID, entry));
  }
}

const nothing = (): Promise<void> => Promise.resolve();

const unchanged = ({ row }: AuthoritySnapshot): Omit<StepChange, 'by'> => ({
  step: row.step,
  currentGeneration: row.currentGeneration,
  nextGeneration: row.nextGeneration,
  bundleVersion: row.bundleVersion,
});

const nextOf = ({ next }: AuthoritySnapshot): CaTree => {
  if (next === undefined) throw new DomainError('rotation-state', 'no CAs are prepared');
  return next;
};

const overtaken = ({ step, revision }: AuthorityRow): DomainError =>
  new DomainError(
    'rotation-state',
    `somebody else took a step: read it again (it was "${step}", revision ${revision})`,
  );
