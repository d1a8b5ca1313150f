import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../built.mjs';

const COUNT = 3_000;

/**
 * Leaves from requests, in one thread: read the request, check its proof, issue.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function certificates({ report }) {
  const pki = await built('pki');
  const directory = mkdtempSync(join(tmpdir(), 'adit-bench-ca-'));
  try {
    const now = new Date();
    const { agentCa } = await pki.openCaTree(directory, 'bench', now);
    const csr = await pki.createCsr(pki.generateKey());
    const issue = () => {
      const profile = pki.agentProfile('bench', randomUUID());
      return pki.issueCertificate({ profile, spki: pki.readCsr(csr), now }, agentCa);
    };
    for (let index = 0; index < 200; index += 1) await issue();
    const before = process.cpuUsage();
    for (let index = 0; index < COUNT; index += 1) await issue();
    const { user, system } = process.cpuUsage(before);
    const value = COUNT / ((user + system) / 1e6);
    report({ figure: 'certificates from requests, per core', value, unit: '1/s', bar: 'value >= 500' });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
