import forge from 'node-forge';

export type Asn1 = forge.asn1.Asn1;
const { asn1 } = forge;

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256 (RFC 5758); its AlgorithmIdentifier has no parameters. */
export const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

// forge reads options here since 1.0; its published types still know the older `strict` flag only.
const STRICT = { strict: true, parseAllBytes: true, decodeBitStrings: false } as unknown as boolean;

/** Reads exactly one DER value; signed bit strings stay raw so that what was signed is what is compared. */
export function fromDer(der: Uint8Array): Asn1 {
  return asn1.fromDer(forge.util.createBuffer(Buffer.from(der).toString('binary')), STRICT);
}

export function toDer(node: Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'binary');
}

export function sequence(values: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, values);
}

/** `[tag]`, constructed, context specific. */
export function tagged(tag: number, values: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, values);
}

export function integer(value: number): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

export function ecdsaWithSha256(): Asn1 {
  const oid = asn1.oidToDer(ECDSA_WITH_SHA256).getBytes();
  return sequence([asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, oid)]);
}

/** An object identifier given as the content of its DER, for arcs that forge's 32-bit numbers cannot hold. */
export function rawOid(content: Uint8Array): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, Buffer.from(content).toString('binary'));
}

export function octetString(bytes: Uint8Array): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, Buffer.from(bytes).toString('binary'));
}

/** A bit string of whole bytes: the leading zero counts its unused bits. */
export function bitString(bytes: Uint8Array): Asn1 {
  const content = `\0${Buffer.from(bytes).toString('binary')}`;
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, content);
}

/** The members of a constructed value, or nothing when it is primitive. */
export function children(node: Asn1 | undefined): Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

/** The bytes of a primitive value, or `undefined` when it is constructed. */
export function primitive(node: Asn1 | undefined): Buffer | undefined {
  return typeof node?.value === 'string' ? Buffer.from(node.value, 'binary') : undefined;
}
