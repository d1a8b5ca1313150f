import { type Page, pageOf, type PageRequest } from '../cursor.js';
import type { Transaction } from '../transaction.js';

export interface BrokerStatusRow {
  id: string;
  ingress: string;
  state: 'serving' | 'draining';
  /** No heartbeat for 15 s. */
  silent: boolean;
  startedAt: Date;
  heartbeatAt: Date;
  sessions: number;
}

type Row = BrokerStatusRow & { cursor_at: string; cursor_id: string };

/** Processes that stopped are no brokers any more, nor are those that nobody has heard of for an hour. */
const SELECT = `
  SELECT id, ingress, state, silent, started_at AS "startedAt", heartbeat_at AS "heartbeatAt", sessions,
         started_at::text AS cursor_at, id AS cursor_id
    FROM broker_status WHERE state <> 'stopped' AND heartbeat_at > now() - interval '1 hour'`;

const toBroker = ({ cursor_at: _at, cursor_id: _id, ...row }: Row): BrokerStatusRow => row;

/** Reads what the brokers write, of all tenants. */
export class BrokerStatusRepository {
  /** Newest first. */
  async list(tx: Transaction, { limit, cursor }: PageRequest): Promise<Page<BrokerStatusRow>> {
    const rows = await tx.query<Row>(
      `${SELECT} AND ($1::timestamptz IS NULL OR (started_at, id) < ($1::timestamptz, $2::uuid))
        ORDER BY started_at DESC, id DESC LIMIT $3`,
      [cursor?.at, cursor?.id, limit + 1],
    );
    return pageOf(rows, limit, toBroker);
  }

  async find(tx: Transaction, id: string): Promise<BrokerStatusRow | undefined> {
    const row = await tx.one<Row>(`${SELECT} AND id = $1`, [id]);
    return row && toBroker(row);
  }
}
