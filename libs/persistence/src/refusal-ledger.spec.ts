import type { Database } from './database.js';
import { RefusalLedger } from './refusal-ledger.js';
import type { AuditEntry, Transaction } from './transaction.js';

const WINDOW_MS = 60_000;

describe('refused attempts', () => {
  let rows: AuditEntry[];
  let failing: boolean;
  let errors: unknown[];
  let ledger: RefusalLedger;
  let database: Database;

  beforeEach(() => {
    jest.useFakeTimers();
    [rows, errors, failing] = [[], [], false];
    const tx = { audit: async (_tenant: string, entry: AuditEntry) => void rows.push(entry) } as unknown as Transaction;
    const inTenant = async (_tenant: string, work: (tx: Transaction) => Promise<unknown>): Promise<unknown> => {
      if (failing) throw new Error('away');
      return work(tx);
    };
    database = { inTenant } as unknown as Database;
    ledger = new RefusalLedger(database, { windowMs: WINDOW_MS, onError: (error) => errors.push(error) });
  });

  afterEach(() => jest.useRealTimers());

  const refusal = (actor: string, code = 'agent-revoked'): AuditEntry => ({
    actor,
    action: 'agent.refused',
    subject: 'site',
    details: { code },
  });
  const note = (entry: AuditEntry, tenant = 'tenant'): Promise<void> => ledger.note(tenant, entry);

  it('are told at once the first time, and then by their number', async () => {
    for (let n = 0; n < 1_000; n++) await note(refusal('a'));
    expect(rows).toEqual([refusal('a')]);
    await jest.advanceTimersByTimeAsync(WINDOW_MS);
    expect(rows.slice(1)).toMatchObject([{ actor: 'a', details: { code: 'agent-revoked', repeated: 999 } }]);
  });

  it('are forgotten when they end, and told at once when they begin again', async () => {
    await note(refusal('a'));
    await jest.advanceTimersByTimeAsync(WINDOW_MS * 2);
    await note(refusal('a'));
    expect(rows).toEqual([refusal('a'), refusal('a')]);
  });

  it('that go on are told ever more rarely, at last each hour', async () => {
    for (let minute = 0; minute < 24 * 60; minute++) {
      await note(refusal('a'));
      await jest.advanceTimersByTimeAsync(60_000);
    }
    expect(rows.length).toBeLessThan(32);
    const told = rows.reduce((sum, { details }) => sum + Number(details?.['repeated'] ?? 1), 0);
    expect(told).toBeGreaterThan(24 * 60 - 65);
  });

  it('are told apart by tenant, actor and details', async () => {
    await note(refusal('a'));
    await note(refusal('b'));
    await note(refusal('a', 'agent-locked'));
    await note(refusal('a'), 'other');
    expect(rows).toHaveLength(4);
  });

  it('of too many kinds are counted together', async () => {
    for (let n = 0; n < 10_000; n++) await note(refusal(`actor-${n}`));
    expect(rows).toHaveLength(51);
    expect(rows.at(-1)).toMatchObject({ actor: 'various', subject: 'various' });
    await jest.advanceTimersByTimeAsync(WINDOW_MS);
    expect(rows).toHaveLength(52);
    expect(rows.at(-1)?.details).toEqual({ repeated: 9_949 });
    await jest.advanceTimersByTimeAsync(WINDOW_MS * 8);
    await note(refusal('new'));
    expect(rows.at(-1)).toEqual(refusal('new'));
  });

  it('of actors that are known are counted apart, all tokens of one as his', async () => {
    const known = new RefusalLedger(database, { windowMs: WINDOW_MS, byActor: true, onError: () => undefined });
    for (let n = 0; n < 100; n++) await known.note('tenant', refusal(`operator:a/api-token:${n}`));
    await known.note('tenant', refusal('operator:b'));
    expect(rows).toHaveLength(52);
    expect(rows.slice(-2)).toMatchObject([
      { actor: 'operator:a', subject: 'various' },
      { actor: 'operator:b', subject: 'site' },
    ]);
    await known.close();
    expect(rows.at(-1)).toMatchObject({ actor: 'operator:a', details: { repeated: 49 } });
  });

  it('that cannot be written are refused all the same', async () => {
    failing = true;
    await note(refusal('a'));
    expect(errors).toHaveLength(1);
  });

  it('are on record before the end of the process', async () => {
    await note(refusal('a'));
    await note(refusal('a'));
    await ledger.close();
    expect(rows.at(-1)?.details).toMatchObject({ repeated: 1 });
    expect(jest.getTimerCount()).toBe(0);
  });
});
