import type { Transaction } from '../transaction.js';

export interface ViewTicketStatus {
  expired: boolean;
  first_use_over: boolean;
  revoked: boolean;
}

/** View tickets as the redirector sees them: their status, and who used each first. */
export class ViewTicketUseRepository {
  status(tx: Transaction, tenantId: string, ticketId: string): Promise<ViewTicketStatus | undefined> {
    return tx.one<ViewTicketStatus>(
      'SELECT expired, first_use_over, revoked FROM view_ticket_status WHERE tenant_id = $1 AND id = $2',
      [tenantId, ticketId],
    );
  }

  /** Those of `ticketIds` that an operator has revoked. */
  async revoked(tx: Transaction, ticketIds: readonly string[]): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      'SELECT id FROM view_ticket_status WHERE revoked AND id = ANY ($1::uuid[])',
      [ticketIds],
    );
    return rows.map((row) => row.id);
  }

  async addressOf(tx: Transaction, tenantId: string, ticketId: string): Promise<string | undefined> {
    const row = await tx.one<{ address: string }>(
      'SELECT host(address) AS address FROM view_ticket_use WHERE tenant_id = $1 AND ticket_id = $2',
      [tenantId, ticketId],
    );
    return row?.address;
  }

  /** Records the first use; of several at once one wins. @returns the address that owns the ticket */
  async claim(tx: Transaction, tenantId: string, ticketId: string, address: string): Promise<string | undefined> {
    await tx.execute(
      'INSERT INTO view_ticket_use (ticket_id, tenant_id, address) VALUES ($1, $2, $3) ON CONFLICT (ticket_id) DO NOTHING',
      [ticketId, tenantId, address],
    );
    return this.addressOf(tx, tenantId, ticketId);
  }
}
