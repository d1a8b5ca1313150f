import { X509Certificate } from 'node:crypto';
import { temporaryTree } from '../keyfile/keyfile.kit.js';
import { spkiOf } from '../spki.js';
import { agentProfile } from './profile.js';
import { issueCertificate } from './certificate.js';
import { bitString, children, fromDer, primitive, sequence, toDer, type Asn1 } from './der.js';
import { isIssuedDirectlyBy } from './direct-issuer.js';
import { serialOf } from './serial.js';
import { generateKey } from './signer.js';

/** Order of the group of P-256 (SEC 2, 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  return Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
}

/** The same certificate with (r, n − s) instead of (r, s): anybody who has it can write this. */
function twinOf(certificate: X509Certificate): X509Certificate {
  const [tbs, algorithm, signature] = children(fromDer(certificate.raw));
  const [r, s] = children(fromDer(primitive(signature)?.subarray(1) ?? Buffer.alloc(0)));
  if (tbs === undefined || algorithm === undefined || r === undefined || s === undefined) throw new Error('no ECDSA');
  const flipped = derInteger(ORDER - BigInt(`0x${primitive(s)?.toString('hex')}`));
  const other: Asn1 = { ...s, value: flipped.toString('binary') };
  return new X509Certificate(toDer(sequence([tbs, algorithm, bitString(toDer(sequence([r, other])))])));
}

describe('a certificate whose signature was turned into its twin', () => {
  it('has another fingerprint but the serial, key and issuer that lists and pins go by', async () => {
    const tree = await temporaryTree();
    const profile = agentProfile('test', '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11');
    const request = { profile, spki: spkiOf(generateKey()), now: new Date() };
    const certificate = await issueCertificate(request, tree.agentCa);
    const twin = twinOf(certificate);
    expect(twin.fingerprint256).not.toBe(certificate.fingerprint256);
    expect(isIssuedDirectlyBy(twin, tree.agentCa.certificate)).toBe(true);
    expect(serialOf(twin)).toBe(serialOf(certificate));
    expect(spkiOf(twin.publicKey).equals(spkiOf(certificate.publicKey))).toBe(true);
  });
});
