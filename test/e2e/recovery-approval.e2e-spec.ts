import { randomUUID } from 'node:crypto';
import { Database, RevocationJournal } from '@app/persistence';
import { agentProfile, generateKey, homeOf, issueCertificate, readCertificates, serialOf, spkiOf } from '@app/pki';
import { createLogger, type MessageClient } from '@app/runtime';
import { createPublicKey, type X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { IssuerConfig } from '../../apps/keyfile-issuer/src/config.js';
import { LostAgentRepository } from '../../apps/keyfile-issuer/src/recovery/lost-agent.repository.js';
import { LostAgentService } from '../../apps/keyfile-issuer/src/recovery/lost-agent.service.js';
import { RecoveryRepository } from '../../apps/keyfile-issuer/src/recovery/recovery.repository.js';
import { RecoveryService } from '../../apps/keyfile-issuer/src/recovery/recovery.service.js';
import { RevocationRepository } from '../../apps/keyfile-issuer/src/revocation/revocation.repository.js';
import { RevocationService } from '../../apps/keyfile-issuer/src/revocation/revocation.service.js';
import { newSiteKeys, redeemRequest } from '../harness/enrolling-site.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { activation, holdingOf } from '../harness/renewing-agent.js';

let issuer: TestIssuer;
let database: Database;
let journal: RevocationJournal;
const services: RecoveryService[] = [];

beforeEach(async () => {
  issuer = await startIssuer();
  database = await Database.open({ url: issuer.database.logins['keyfile-issuer'], applicationName: 'keyfile-issuer' });
  journal = await RevocationJournal.open([join(issuer.directory, 'recovery.journal')], () => undefined);
}, 60_000);
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.beforeApplicationShutdown()));
  await journal?.onApplicationShutdown();
  await database?.onApplicationShutdown();
  await issuer?.close();
});

const recoveryWith = (approval: IssuerConfig['ADIT_RECOVERY_APPROVAL']): RecoveryService => {
  const messages = { emit: () => undefined } as unknown as MessageClient;
  const revocation = new RevocationService(new RevocationRepository(), messages, journal);
  const agents = new LostAgentService(new LostAgentRepository(), revocation);
  const config = { ADIT_RECOVERY_APPROVAL: approval } as IssuerConfig;
  const logger = createLogger('test', 'silent');
  const service = new RecoveryService(database, new RecoveryRepository(), agents, issuer.authority, logger, config);
  services.push(service);
  return service;
};

const restored = (kind: 'merged' | 'absent') =>
  issuer.database.query(
    `INSERT INTO recovery (backup_taken_at, restored_at, journal) VALUES (now() - interval '1 hour', now() + interval '1 minute', $1)`,
    [kind],
  );

/** An agent in service whose certificate the restored database does not have. */
const lostAgent = async (): Promise<{ agentId: string; certificate: X509Certificate }> => {
  const { text } = await issuer.newKeyfile();
  const keys = newSiteKeys();
  const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, text, keys));
  const holding = holdingOf(certificateChain, keys.newKey);
  await issuer.activation.activate(activation(holding));
  await issuer.database.query('DELETE FROM certificate WHERE serial = $1', [holding.serial]);
  const [certificate] = readCertificates(certificateChain);
  if (certificate === undefined) throw new Error('no certificate');
  return { agentId: holding.agentId, certificate };
};

/** Of the same agent for another key, as whoever has the CA's key makes it. */
const forged = (agentId: string, of: X509Certificate): Promise<X509Certificate> => {
  const profile = agentProfile('test', agentId, { home: homeOf(of) });
  const spki = spkiOf(createPublicKey(generateKey()));
  return issueCertificate({ profile, spki, now: new Date(Date.now() + 5_000) }, issuer.state.current.current.agentCa);
};

const shown = (certificate: X509Certificate, peerAddress = '192.0.2.7:1') => ({
  certificate: certificate.raw.toString('base64'),
  peerAddress,
  correlationId: randomUUID(),
});
const decision = () => ({ decidedBy: 'operator:test', correlationId: randomUUID() });

describe('a certificate that a restored database does not know', () => {
  it('waits for its own approval: that of another one of the agent changes nothing for it', async () => {
    await restored('absent');
    const recovery = recoveryWith('without-journal');
    const { agentId, certificate } = await lostAgent();
    const other = await forged(agentId, certificate);
    expect(await recovery.recover(shown(certificate))).toEqual({ state: 'awaiting-approval' });
    expect(await recovery.recover(shown(other, '198.51.100.9:1'))).toEqual({ state: 'awaiting-approval' });
    const waiting = (await recovery.newest())?.waiting.map(({ serial, peerAddress }) => [serial, peerAddress]);
    expect(waiting).toEqual([
      [serialOf(certificate), '192.0.2.7:1'],
      [serialOf(other), '198.51.100.9:1'],
    ]);
    await expect(recovery.approve({ agentId, serial: 'ab' }, decision())).rejects.toMatchObject({ code: 'not-found' });
    await recovery.approve({ agentId, serial: serialOf(certificate) }, decision());
    expect(await recovery.recover(shown(certificate))).toEqual({ state: 'recovered' });
    expect(await recovery.recover(shown(other))).toEqual({ state: 'awaiting-approval' });
    const rows = await issuer.database.query('SELECT serial FROM certificate WHERE agent_id = $1', [agentId]);
    expect(rows).toEqual([{ serial: serialOf(certificate) }]);
  });

  it('comes back unaided with the journal, unless an operator is to approve everything', async () => {
    await restored('merged');
    const { agentId, certificate } = await lostAgent();
    const asking = recoveryWith('always');
    expect(await asking.recover(shown(certificate))).toEqual({ state: 'awaiting-approval' });
    expect(await issuer.database.query('SELECT 1 FROM certificate WHERE agent_id = $1', [agentId])).toEqual([]);
    expect(await recoveryWith('without-journal').recover(shown(certificate))).toEqual({ state: 'recovered' });
  });

  it('keeps the CAs from being rotated until the recovery is closed', async () => {
    await restored('merged');
    const rotate = (action: 'prepare' | 'rollback') =>
      issuer.rotation.rotate({ action, actor: 'operator:test', correlationId: randomUUID() });
    await expect(rotate('prepare')).rejects.toMatchObject({ code: 'rotation-recovery-open', status: 409 });
    const refused = `SELECT body::jsonb -> 'details' ->> 'code' AS code FROM audit_event
      WHERE body::jsonb ->> 'action' = 'authority.rotation-refused'`;
    expect(await issuer.database.query(refused)).toEqual([{ code: 'rotation-recovery-open' }]);
    await recoveryWith('always').close(decision());
    expect((await rotate('prepare')).row.step).toBe('prepared');
    await restored('merged');
    expect((await rotate('rollback')).row.step).toBe('idle');
  });
});
