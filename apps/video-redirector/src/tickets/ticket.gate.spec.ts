import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainError, mintViewTicket, type ViewTicketClaims } from '@app/contracts';
import type { Database, ViewTicketStatus, ViewTicketUseRepository } from '@app/persistence';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { RedirectorConfig } from '../config.js';
import { TicketGate } from './ticket.gate.js';

const PATH = { site: 'hamburg', camera: 'gate', usage: 'live' as const };
const CLAIMS: ViewTicketClaims = { ...PATH, tenantId: randomUUID(), user: 'u', userLevel: 1, firstUseBy: 0 };
const FINE: ViewTicketStatus = { expired: false, first_use_over: false, revoked: false };

describe('TicketGate', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gate-'));
  let key: JWK;
  let isAway: boolean;
  let status: ViewTicketStatus | undefined;
  let owner: string | undefined;
  let gate: TicketGate;

  const uses = {
    status: () => Promise.resolve(status),
    addressOf: () => Promise.resolve(owner),
    claim: (_tx: unknown, _tenant: string, _id: string, address: string) => Promise.resolve((owner ??= address)),
    revoked: (_tx: unknown, ids: readonly string[]) => Promise.resolve([...ids]),
  } as unknown as ViewTicketUseRepository;

  const run = <T>(work: (tx: never) => Promise<T>): Promise<T> =>
    isAway ? Promise.reject(new DomainError('unavailable', 'away')) : work(undefined as never);
  const database = {
    inTenant: <T>(_tenant: string, work: (tx: never) => Promise<T>) => run(work),
    inSystem: run,
  } as unknown as Database;

  const mint = (ticketId: string = randomUUID(), inS = 60): Promise<string> =>
    mintViewTicket(CLAIMS, key, ticketId, Math.floor(Date.now() / 1_000) + inS);

  beforeAll(async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    key = await exportJWK(pair.privateKey);
    const publicKey = await exportJWK(pair.publicKey);
    const ticket = { federation: publicKey, 'video-redirector': publicKey, 'admin-api': publicKey };
    const seal = { ...ticket, 'keyfile-issuer': publicKey };
    writeFileSync(join(dir, 'public-keys.json'), JSON.stringify({ ticket, seal }));
  });

  afterAll(() => rmSync(dir, { recursive: true }));

  beforeEach(() => {
    [isAway, status, owner] = [false, FINE, undefined];
    const config = { ADIT_PUBLIC_KEYS_FILE: join(dir, 'public-keys.json') } as RedirectorConfig;
    gate = new TicketGate(config, database, uses);
  });

  it('lets the first address in, again and again, and no other', async () => {
    const ticket = await mint();
    expect(await gate.admit(ticket, PATH, '192.0.2.1')).toMatchObject(PATH);
    await gate.admit(ticket, PATH, '192.0.2.1');
    await expect(gate.admit(ticket, PATH, '192.0.2.2')).rejects.toMatchObject({ code: 'ticket-used' });
  });

  it('takes an address with a zone for the address it is', async () => {
    const ticket = await mint();
    await gate.admit(ticket, PATH, 'fe80::1%eth0');
    expect(owner).toBe('fe80::1');
    await gate.admit(ticket, PATH, 'fe80::1%eth1');
  });

  it.each([
    [undefined, undefined, 'ticket-invalid'],
    [{ ...FINE, revoked: true }, '192.0.2.1', 'ticket-revoked'],
    [{ ...FINE, expired: true }, '192.0.2.1', 'ticket-expired'],
    [{ ...FINE, first_use_over: true }, undefined, 'ticket-expired'],
  ])('refuses by the status of the ticket: %j, used by %s', async (known, usedBy, code) => {
    [status, owner] = [known, usedBy];
    await expect(gate.admit(await mint(), PATH, '192.0.2.1')).rejects.toMatchObject({ code });
  });

  it('lets a reconnect in after the time for the first use', async () => {
    [status, owner] = [{ ...FINE, first_use_over: true }, '192.0.2.1'];
    expect(await gate.admit(await mint(), PATH, '192.0.2.1')).toMatchObject({ user: 'u' });
  });

  it.each([
    ['', 'unauthenticated'],
    ['a.b.c', 'ticket-invalid'],
  ])('refuses the ticket %j', async (ticket, code) => {
    await expect(gate.admit(ticket, PATH, '192.0.2.1')).rejects.toMatchObject({ code });
  });

  it('refuses a ticket for another stream before it is used up', async () => {
    const ticket = await mint();
    for (const other of [{ site: 'berlin' }, { camera: 'yard' }, { usage: 'recording' as const }]) {
      await expect(gate.admit(ticket, { ...PATH, ...other }, '192.0.2.1')).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(owner).toBeUndefined();
  });

  it('while the database is away, lets those go on who were let in before', async () => {
    const ticket = await mint();
    await gate.admit(ticket, PATH, '192.0.2.1');
    isAway = true;
    expect(await gate.admit(ticket, PATH, '192.0.2.1')).toMatchObject(PATH);
    await expect(gate.admit(ticket, PATH, '192.0.2.2')).rejects.toMatchObject({ code: 'ticket-used' });
    await expect(gate.admit(await mint(), PATH, '192.0.2.1')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('remembers no ticket that was found revoked', async () => {
    const ticketId = randomUUID();
    const ticket = await mint(ticketId);
    await gate.admit(ticket, PATH, '192.0.2.1');
    expect(await gate.revoked([ticketId])).toEqual([ticketId]);
    isAway = true;
    await expect(gate.admit(ticket, PATH, '192.0.2.1')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
