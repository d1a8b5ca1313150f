import type { Transaction } from '@app/persistence';
import type { AuthorityRow } from './authority.snapshot.js';

/** PEM of a tree. */
export interface GenerationRow {
  generation: number;
  root: string;
  crossRoot: string | null;
  agentCa: string;
  claimCa: string;
  serverCa: string;
  keyfileSigning: string;
}

export interface KnownGeneration extends GenerationRow {
  wasActive: boolean;
}

/** The columns of `authority` that a step changes. */
export interface StepChange {
  step: AuthorityRow['step'];
  currentGeneration: number;
  nextGeneration: number | null;
  bundleVersion: number;
  by: string;
}

const ROW = `SELECT revision, step, current_generation AS "currentGeneration", next_generation AS "nextGeneration",
  bundle_version AS "bundleVersion", changed_at AS "changedAt", changed_by AS "changedBy" FROM authority`;

/** The state of the rotation, the trees there ever were, and the signed lists of roots. No tenant. */
export class AuthorityRepository {
  find(tx: Transaction): Promise<AuthorityRow | undefined> {
    return tx.one<AuthorityRow>(ROW);
  }

  async revision(tx: Transaction): Promise<number> {
    return (await tx.one<{ revision: number }>('SELECT revision FROM authority'))?.revision ?? 0;
  }

  /** A restored database takes certificates of ours that it does not know. */
  async isRecovering(tx: Transaction): Promise<boolean> {
    return (await tx.one('SELECT 1 AS found FROM recovery_status WHERE open')) !== undefined;
  }

  /** The first row of all; false when it is there already. */
  async begin(tx: Transaction, tree: GenerationRow, signedTrust: string): Promise<void> {
    await this.addGeneration(tx, tree);
    await this.addBundle(tx, 1, signedTrust);
    await tx.execute(`UPDATE ca_generation SET activated_at = coalesce(activated_at, 'epoch') WHERE generation = $1`, [
      tree.generation,
    ]);
    await tx.execute(
      `INSERT INTO authority (revision, step, current_generation, bundle_version, changed_by)
       VALUES (1, 'idle', $1, 1, 'system') ON CONFLICT DO NOTHING`,
      [tree.generation],
    );
  }

  /** Compare-and-set: of any number of contenders exactly one gets true. */
  async advance(tx: Transaction, seen: AuthorityRow, change: StepChange): Promise<boolean> {
    const row = await tx.one(
      `UPDATE authority SET revision = revision + 1, step = $3, current_generation = $4, next_generation = $5,
         bundle_version = $6, changed_by = $7, changed_at = now() WHERE revision = $1 AND step = $2 RETURNING revision`,
      [
        seen.revision,
        seen.step,
        change.step,
        change.currentGeneration,
        change.nextGeneration,
        change.bundleVersion,
        change.by,
      ],
    );
    return row !== undefined;
  }

  async newestGeneration(tx: Transaction): Promise<number> {
    const sql = 'SELECT coalesce(max(generation), 0) AS newest FROM ca_generation';
    return (await tx.one<{ newest: number }>(sql))?.newest ?? 0;
  }

  async addGeneration(tx: Transaction, tree: GenerationRow): Promise<void> {
    await tx.execute(
      `INSERT INTO ca_generation (generation, root, cross_root, agent_ca, claim_ca, server_ca, keyfile_signing)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      [tree.generation, tree.root, tree.crossRoot, tree.agentCa, tree.claimCa, tree.serverCa, tree.keyfileSigning],
    );
  }

  findGeneration(tx: Transaction, generation: number): Promise<KnownGeneration | undefined> {
    return tx.one<KnownGeneration>(
      `SELECT generation, root, cross_root AS "crossRoot", agent_ca AS "agentCa", claim_ca AS "claimCa",
              server_ca AS "serverCa", keyfile_signing AS "keyfileSigning", activated_at IS NOT NULL AS "wasActive"
         FROM ca_generation WHERE generation = $1`,
      [generation],
    );
  }

  /** Keyfiles are told to be a tree's by when they were issued. */
  async noteIssuing(tx: Transaction, { begins, ends }: { begins: number; ends: number }): Promise<void> {
    await tx.execute(
      `UPDATE ca_generation SET activated_at = CASE WHEN generation = $1 THEN coalesce(activated_at, now()) ELSE activated_at END,
         deactivated_at = CASE WHEN generation = $2 THEN now() END WHERE generation IN ($1, $2)`,
      [begins, ends],
    );
  }

  /** Its keys may be destroyed from the commit on. */
  async endGeneration(tx: Transaction, generation: number): Promise<void> {
    await tx.execute('UPDATE ca_generation SET ended_at = coalesce(ended_at, now()) WHERE generation = $1', [
      generation,
    ]);
  }

  async endedGenerations(tx: Transaction): Promise<number[]> {
    const rows = await tx.query<{ generation: number }>(
      'SELECT generation FROM ca_generation WHERE ended_at IS NOT NULL ORDER BY generation',
    );
    return rows.map(({ generation }) => generation);
  }

  /** A version that a crash or another contender has left is replaced by nobody: versions are never used twice. */
  async addBundle(tx: Transaction, version: number, bundle: string): Promise<void> {
    await tx.execute('INSERT INTO trust_bundle (version, bundle) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      version,
      bundle,
    ]);
  }

  async bundle(tx: Transaction, version: number): Promise<string | undefined> {
    const row = await tx.one<{ bundle: string }>('SELECT bundle FROM trust_bundle WHERE version = $1', [version]);
    return row?.bundle;
  }
}
