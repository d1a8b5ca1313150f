import type { Transaction } from '../transaction.js';

export interface BrokerRow {
  /** New for each process. */
  id: string;
  /** `host:port` at which dialers reach its ingress. */
  ingress: string;
  ingressTls: boolean;
}

interface Stored {
  id: string;
  ingress: string;
  ingress_tls: boolean;
}

/** Broker processes and their heartbeat. Not a tenant's data. */
export class BrokerRepository {
  /** Registers, and registers again when the row is gone: a restored backup must not stop a running broker. */
  async heartbeat(tx: Transaction, broker: BrokerRow): Promise<void> {
    await tx.execute(
      `INSERT INTO broker (id, ingress, ingress_tls) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET heartbeat_at = now(), ingress = excluded.ingress, ingress_tls = excluded.ingress_tls`,
      [broker.id, broker.ingress, broker.ingressTls],
    );
  }

  /** Two live processes cannot own one listening address: whoever had it before is dead, however fresh its heartbeat. */
  async retirePredecessors(tx: Transaction, broker: BrokerRow): Promise<void> {
    await tx.execute(`UPDATE broker SET state = 'stopped' WHERE ingress = $1 AND id <> $2 AND state <> 'stopped'`, [
      broker.ingress,
      broker.id,
    ]);
  }

  async setState(tx: Transaction, id: string, state: 'serving' | 'draining' | 'stopped'): Promise<void> {
    await tx.execute('UPDATE broker SET state = $2 WHERE id = $1', [id, state]);
  }

  /** Marks it as draining unless no other one serves; two that drain at once cannot both rely on each other. */
  async drainBesideOthers(tx: Transaction, id: string): Promise<boolean> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('broker-drain', 5500))`);
    if (!(await this.hasSuccessor(tx, id))) return false;
    await this.setState(tx, id, 'draining');
    return true;
  }

  /** The broker serves with this revision of the CAs: steps of their rotation wait for all brokers. */
  async setAuthorityRevision(tx: Transaction, id: string, revision: number): Promise<void> {
    await tx.execute('UPDATE broker SET authority_revision = $2 WHERE id = $1 AND authority_revision <> $2', [
      id,
      revision,
    ]);
  }

  /** Whether agents of this broker can go to another one: it serves and has beaten within 15 s. */
  async hasSuccessor(tx: Transaction, id: string): Promise<boolean> {
    const row = await tx.one<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM broker WHERE id <> $1 AND state = 'serving' AND heartbeat_at > now() - interval '15 seconds') AS found`,
      [id],
    );
    return row?.found ?? false;
  }

  /** A broker that is not stopped and has beaten within 15 s. */
  async findLive(tx: Transaction, id: string): Promise<BrokerRow | undefined> {
    const row = await tx.one<Stored>(
      `SELECT id, ingress, ingress_tls FROM broker
        WHERE id = $1 AND state <> 'stopped' AND heartbeat_at > now() - interval '15 seconds'`,
      [id],
    );
    return row && { id: row.id, ingress: row.ingress, ingressTls: row.ingress_tls };
  }
}
