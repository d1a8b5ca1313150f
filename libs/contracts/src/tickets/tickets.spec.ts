import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import type { PublicKeys } from '../public-keys.js';
import { mintDialTicket, verifyDialTicket } from './dial-ticket.js';
import { mintViewTicket, verifyViewTicket } from './view-ticket.js';

const ed25519 = (): { own: JWK; open: JWK } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { own: privateKey.export({ format: 'jwk' }), open: publicKey.export({ format: 'jwk' }) };
};
const minters = { federation: ed25519(), 'video-redirector': ed25519(), 'admin-api': ed25519() };
const keys = {
  ticket: {
    federation: minters.federation.open,
    'video-redirector': minters['video-redirector'].open,
    'admin-api': minters['admin-api'].open,
  },
  seal: {
    'keyfile-issuer': { kty: 'EC' },
    federation: { kty: 'EC' },
    'video-redirector': { kty: 'EC' },
    'admin-api': { kty: 'EC' },
  },
} as PublicKeys;
const dial = {
  tenantId: randomUUID(),
  site: 'hamburg',
  service: 'directory',
  class: 'control',
  user: 'operator:admin',
} as const;
const view = {
  tenantId: randomUUID(),
  site: 'hamburg',
  camera: 'gate',
  usage: 'live',
  user: 'operator:admin',
  userLevel: 100,
  firstUseBy: 2_000_000_000,
} as const;

describe('a dial ticket', () => {
  it('says to the broker it was made for whom it serves and what it opens', async () => {
    const ticket = await mintDialTicket(dial, { issuer: 'federation', key: minters.federation.own }, 'broker-1');
    const verified = await verifyDialTicket(ticket, keys, 'broker-1');
    expect(verified).toMatchObject({ ...dial, issuer: 'federation' });
    expect(verified.expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(verified.ticketId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is refused by any other broker', async () => {
    const ticket = await mintDialTicket(dial, { issuer: 'federation', key: minters.federation.own }, 'broker-1');
    await expect(verifyDialTicket(ticket, keys, 'broker-2')).rejects.toMatchObject({ code: 'ticket-invalid' });
  });

  it('is refused when one app signs in another’s name', async () => {
    const ticket = await mintDialTicket(
      dial,
      { issuer: 'federation', key: minters['video-redirector'].own },
      'broker-1',
    );
    await expect(verifyDialTicket(ticket, keys, 'broker-1')).rejects.toMatchObject({ code: 'ticket-invalid' });
  });

  it('opens only the services its minter may dial', async () => {
    const ticket = await mintDialTicket(
      { ...dial, service: 'redirector' },
      { issuer: 'federation', key: minters.federation.own },
      'broker-1',
    );
    await expect(verifyDialTicket(ticket, keys, 'broker-1')).rejects.toMatchObject({ code: 'dial-refused' });
  });

  it('never lives longer than a minute, whatever was asked for', async () => {
    const ticket = await mintDialTicket(dial, { issuer: 'federation', key: minters.federation.own }, 'broker-1', 3_600);
    expect((await verifyDialTicket(ticket, keys, 'broker-1')).expiresAt).toBeLessThanOrEqual(Date.now() + 61_000);
  });

  it.each(['', 'x', 'a.b.c', '…'])('%p is no ticket', async (text) => {
    await expect(verifyDialTicket(text, keys, 'broker-1')).rejects.toMatchObject({ code: 'ticket-invalid' });
  });
});

describe('a view ticket', () => {
  it('names user, camera and usage', async () => {
    const id = randomUUID();
    const ticket = await mintViewTicket(view, minters['admin-api'].own, id, 2_000_000_000);
    expect(await verifyViewTicket(ticket, keys)).toMatchObject({ ...view, ticketId: id, expiresAt: 2_000_000_000_000 });
  });

  it('is refused after its end', async () => {
    const ticket = await mintViewTicket(view, minters['admin-api'].own, randomUUID(), 1_000_000_000);
    await expect(verifyViewTicket(ticket, keys)).rejects.toMatchObject({ code: 'ticket-expired' });
  });

  it('is not taken for a dial ticket, nor a dial ticket for it', async () => {
    const viewing = await mintViewTicket(view, minters['admin-api'].own, randomUUID(), 2_000_000_000);
    await expect(verifyDialTicket(viewing, keys, 'broker-1')).rejects.toMatchObject({ code: 'ticket-invalid' });
    const dialling = await mintDialTicket(dial, { issuer: 'admin-api', key: minters['admin-api'].own }, 'broker-1');
    await expect(verifyViewTicket(dialling, keys)).rejects.toMatchObject({ code: 'ticket-invalid' });
  });
});
