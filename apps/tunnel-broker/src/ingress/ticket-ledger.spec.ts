import { DomainError } from '@app/contracts';
import { TicketLedger } from './ticket-ledger.js';

const codeOf = (use: () => void): string => {
  try {
    use();
    return 'used';
  } catch (error) {
    return error instanceof DomainError ? error.code : String(error);
  }
};

describe('the ledger of used tickets', () => {
  it('takes each ticket once', () => {
    const ledger = new TicketLedger();
    expect(codeOf(() => ledger.use('a', Date.now() + 1_000))).toBe('used');
    expect(codeOf(() => ledger.use('a', Date.now() + 1_000))).toBe('ticket-used');
  });

  it('refuses further dials rather than forget a living ticket', () => {
    let now = 0;
    const ledger = new TicketLedger(2, () => now);
    ledger.use('a', 1_000);
    ledger.use('b', 60_000);
    expect(codeOf(() => ledger.use('c', 60_000))).toBe('unavailable');
    now = 10_000;
    expect(codeOf(() => ledger.use('c', 60_000))).toBe('used');
    expect(codeOf(() => ledger.use('b', 60_000))).toBe('ticket-used');
  });
});
