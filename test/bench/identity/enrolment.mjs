import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { signInFirst } from '../../../tools/demo/rest.mjs';
import { built } from '../built.mjs';
import { BenchCloud } from '../cloud.mjs';
import { quantile } from '../quantile.mjs';

const COUNT = 400;
const PER_SECOND = 20;

/**
 * Enrolments as agents do them, at a steady rate: TLS handshake, request, the stored certificate.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function enrolment({ report, progress }) {
  const cloud = await BenchCloud.start();
  try {
    progress(`issuing ${COUNT} keyfiles …`);
    const keyfiles = await issueKeyfiles(cloud);
    const prepared = await Promise.all(keyfiles.map(prepare));
    progress(`${PER_SECOND} enrolments per second …`);
    /** @type {Promise<number>[]} */
    const running = [];
    const began = performance.now();
    for (const [index, request] of prepared.entries()) {
      await delay(Math.max(0, began + (index * 1_000) / PER_SECOND - performance.now()));
      running.push(enrol(cloud.ports.tunnel, request));
    }
    const times = (await Promise.all(running)).toSorted((a, b) => a - b);
    const name = `enrolment at ${PER_SECOND}/s, n = ${COUNT}`;
    report({ figure: `${name}, p50`, value: quantile(times, 0.5), unit: 'ms', bar: 'value <= 50' });
    report({ figure: `${name}, p99`, value: quantile(times, 0.99), unit: 'ms', bar: 'value <= 250' });
  } finally {
    await cloud.stop();
  }
}

/** @param {BenchCloud} cloud */
async function issueKeyfiles(cloud) {
  const firstPasswordFile = join(cloud.dataDir, 'first-password');
  const rest = await signInFirst({ api: `http://127.0.0.1:${cloud.ports.http}`, firstPasswordFile });
  /** @type {string[]} */
  const texts = [];
  for (let index = 0; index < COUNT; index += 1) {
    const { id } = await rest.createSite(`Bench ${index}`);
    texts.push((await rest.issueKeyfile(id)).content);
  }
  return texts;
}

/**
 * What an agent has before it connects.
 * @param {string} text
 */
async function prepare(text) {
  const pki = await built('pki');
  const { document, token, claim } = pki.decodeKeyfile(Buffer.from(text), { now: new Date() });
  const newKey = pki.generateKey();
  const siteTlsSpki = pki.spkiOf(createPublicKey(pki.generateKey()));
  return { pki, document, token, claim, newKey, siteTlsSpki, csr: await pki.createCsr(newKey) };
}

/**
 * @param {number} port
 * @param {Awaited<ReturnType<typeof prepare>>} site
 * @returns {Promise<number>} ms
 */
async function enrol(port, { pki, document, token, claim, newKey, siteTlsSpki, csr }) {
  const began = performance.now();
  const credentials = {
    key: document.claim.privateKey,
    chain: document.claim.certificate,
    roots: document.trust.roots,
  };
  const options = pki.agentTlsOptions({ ...credentials, serverName: '127.0.0.1', alpn: pki.ENROL_ALPN });
  const socket = connect({ ...options, host: '127.0.0.1', port });
  await once(socket, 'secureConnect');
  const exporter = socket.exportKeyingMaterial(pki.EXPORTER_BYTES, pki.ENROL_EXPORTER_LABEL, Buffer.alloc(0));
  const body = JSON.stringify({
    v: 1,
    keyfileId: document.keyfileId,
    token: document.token,
    csr,
    siteTlsSpki: siteTlsSpki.toString('base64'),
    proofs: pki.createProofs({ exporter, token, siteTlsSpki }, { newKey, claimKey: claim.key }),
  });
  const head = Buffer.alloc(4);
  head.writeUInt32BE(Buffer.byteLength(body));
  /** @type {Buffer[]} */
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(Buffer.concat([head, Buffer.from(body)]));
  await once(socket, 'close');
  const answer = JSON.parse(Buffer.concat(chunks).subarray(4).toString());
  if (!answer.ok) throw new Error(`an enrolment was refused: ${answer.code}`);
  return performance.now() - began;
}
