import type { Profile, SubjectName } from './profile.js';

/** The shape forge reads: the name of an extension and its members. */
type Extension = Record<string, unknown>;

/** Extensions of a certificate in forge's notation. `authorityKeyId` is a binary string of 20 bytes. */
export function certificateExtensions(profile: Profile, authorityKeyId: string): Extension[] {
  return [
    ...usageExtensions(profile.usage),
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: authorityKeyId },
    ...(profile.names.length === 0 ? [] : [{ name: 'subjectAltName', altNames: profile.names.map(altName) }]),
  ];
}

function usageExtensions(usage: Profile['usage']): Extension[] {
  switch (usage) {
    case 'root':
      return [{ name: 'basicConstraints', critical: true, cA: true }, certificateSigning()];
    case 'authority':
      return [{ name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 }, certificateSigning()];
    case 'client':
      return [...endEntity(), { name: 'extKeyUsage', clientAuth: true }];
    case 'server':
      return [...endEntity(), { name: 'extKeyUsage', serverAuth: true }];
    // Without an extended usage OpenSSL would let the signing leaf into both TLS roles.
    case 'signing':
      return [...endEntity(), { name: 'extKeyUsage', codeSigning: true }];
  }
}

function certificateSigning(): Extension {
  return { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true };
}

function endEntity(): Extension[] {
  return [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true },
  ];
}

/** GeneralName tags (RFC 5280, 4.2.1.6): 2 dNSName, 6 URI, 7 iPAddress. */
function altName(name: SubjectName): { type: number; value?: string; ip?: string } {
  if ('uri' in name) return { type: 6, value: name.uri };
  return 'dns' in name ? { type: 2, value: name.dns } : { type: 7, ip: name.ip };
}
